from __future__ import annotations

from functools import cache

import pytest

from bilstm_nlp.nn.crf import recursions


@pytest.fixture(scope="module", params=["torch", "compiled"])
def way(request):
    """Every test that asks for it runs once with torch's recursions and once with the compiled ones."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "torch":
            patch.setattr(recursions, "kernels", cache(lambda: None))
        else:
            pytest.importorskip("numba")
            assert recursions.kernels() is not None
        yield request.param
