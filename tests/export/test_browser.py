"""The page of examples/browser tags an exported run in a real browser, as Python does.

Needs Debian's `chromium`, the Python package `playwright`, and npm, which fetches ONNX Runtime for the browser.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="the extra export is not installed")
pytest.importorskip("onnx", reason="the extra export is not installed")

from bilstm_nlp import load_tagger
from bilstm_nlp.config import load
from bilstm_nlp.export.export import export
from bilstm_nlp.export.settings import ExportSettings
from bilstm_nlp.runs.train import train
from tests.samples import TAGGER

pytestmark = [pytest.mark.slow, pytest.mark.torch]

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "browser"
PACKAGE = "onnxruntime-web@1.30.0"
RUNTIME = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
TEXTS = [
    "Angela Merkel flew from Berlin to Paris.",
    "EU rejects German call to boycott British lamb.",
    "1996-08-22 ELVIS Übermäßig 3.50 mm 😀 x" + "y" * 80,
    "The minister said nothing.",
    "",
]


class Silent(SimpleHTTPRequestHandler):
    """A server of files that logs nothing."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript", ".wasm": "application/wasm"}

    def log_message(self, *_: object) -> None:
        pass


def trained(folder: Path, precision: str) -> Path:
    """Train a tagger of words and characters, most of whose words are in a file of vectors alone."""
    words = sorted({word for text in TEXTS for word in text.split()})
    vectors = np.random.default_rng(1).normal(size=(len(words), 50))
    lines = [" ".join([word, *map(str, vector)]) for word, vector in zip(words, vectors.round(3), strict=True)]
    (folder / "vectors.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    vectors_of = [f"embeddings.file={folder / 'vectors.txt'}", f"embeddings.file_precision={precision}"]
    train(load(Path(TAGGER), ["training.epochs=4", "encoder.hidden=24", *vectors_of]), folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def runtime(tmp_path_factory) -> dict[str, bytes]:
    """The files of ONNX Runtime for the browser, by name."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs npm")
    folder = tmp_path_factory.mktemp("npm")
    pack = [npm, "pack", "--silent", PACKAGE]
    fetched = subprocess.run(pack, cwd=folder, capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        pytest.skip(f"needs {PACKAGE}, which npm can't fetch")
    files = {}
    with tarfile.open(folder / fetched.stdout.strip()) as archive:
        for name in RUNTIME:
            content = archive.extractfile(f"package/dist/{name}")
            assert content is not None
            files[name] = content.read()
    return files


@pytest.fixture(scope="module", params=["fp16", "int8"])
def site(request, runtime, tmp_path_factory) -> Path:
    """The example with an exported tagger and ONNX Runtime beside it, as its README says."""
    folder = tmp_path_factory.mktemp("site")
    run = trained(folder, request.param)
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    (folder / "ort").mkdir(exist_ok=True)
    for name, content in runtime.items():
        (folder / "ort" / name).write_bytes(content)
    export(run, folder / "model", ExportSettings())
    return folder


@pytest.fixture(scope="module")
def address(site):
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
        server.shutdown()


def test_page_tags_texts_as_python_does(browser, address, site):
    tagger = load_tagger(site / "model")
    expected = [
        [{"text": entity.text, "type": entity.type, "start": entity.start, "end": entity.end} for entity in entities]
        for entities in tagger.tag(TEXTS)
    ]
    assert any(expected)
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(address)
    page.wait_for_function("window.tagger !== undefined")
    assert [page.evaluate("text => window.tagger.tag(text)", text) for text in TEXTS] == expected
    page.fill("#text", TEXTS[1])
    marked = [f"{entity['text']}{entity['type']}" for entity in expected[1]]
    page.wait_for_function(
        "marked => JSON.stringify([...document.querySelectorAll('mark')].map(mark => mark.textContent)) === marked",
        arg=str(marked).replace("'", '"').replace(", ", ","),
    )
    assert page.text_content("#tagged").startswith("EU")
    assert problems == []
    page.close()
