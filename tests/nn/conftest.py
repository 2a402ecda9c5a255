from __future__ import annotations

from functools import cache

import pytest

from bilstm_nlp.nn.crf import compiled


@pytest.fixture(scope="module", params=["torch", "compiled"])
def way(request):
    """Run a test once with torch's recursions and once with the compiled ones."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "torch":
            patch.setattr(compiled, "kernels", cache(lambda: None))
        else:
            pytest.importorskip("numba")
            assert compiled.kernels() is not None
        yield request.param
