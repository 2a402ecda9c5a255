from __future__ import annotations

from functools import cache

import pytest

from bilstm_nlp.nn.crf import compiled


@pytest.fixture(scope="module", params=["plain", "compiled"])
def way(request):
    """Run a test once without Numba, in torch and numpy, and once with the compiled recursions."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "plain":
            patch.setattr(compiled, "kernels", cache(lambda: None))
        else:
            pytest.importorskip("numba")
            assert compiled.kernels() is not None
        yield request.param
