"""Scores of lm-evaluation-harness over a server of Glia: lm_eval_scores.py URL MODEL TASK.jsonl LIMIT.

Makes a task of the harness from a multiple-choice task of `glia eval` and prints one JSON document: the accuracies,
and the log-likelihoods of the choices of each question.
"""
import json
import pathlib
import sys
import tempfile

import lm_eval
from lm_eval.tasks import TaskManager

url, model, source, limit = sys.argv[1:5]
TASK = """
task: glia_task
dataset_path: json
dataset_kwargs:
  data_files:
    test: {data}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{context}}}}"
doc_to_choice: choices
doc_to_target: answer
target_delimiter: " "
num_fewshot: 0
metric_list:
  - metric: acc
  - metric: acc_norm
"""

with tempfile.TemporaryDirectory() as folder:
    data = pathlib.Path(folder, "questions.jsonl")
    lines = [json.loads(line) for line in pathlib.Path(source).read_text().splitlines() if line.strip()]
    items = [line for line in lines if "context" in line and not line.get("example")]
    data.write_text("".join(json.dumps(item) + "\n" for item in items))
    pathlib.Path(folder, "glia_task.yaml").write_text(TASK.format(data=data))
    found = lm_eval.simple_evaluate(
        model="local-completions", tasks=["glia_task"], limit=int(limit), batch_size=8, bootstrap_iters=0,
        model_args={"model": model, "base_url": url + "/v1/completions", "num_concurrent": 1, "max_retries": 1},
        task_manager=TaskManager(include_path=folder, include_defaults=False))
samples = sorted(found["samples"]["glia_task"], key=lambda sample: sample["doc_id"])
print(json.dumps({
    "acc": found["results"]["glia_task"]["acc,none"], "acc_norm": found["results"]["glia_task"]["acc_norm,none"],
    "scores": [[response[0] for response in sample["filtered_resps"]] for sample in samples]}))
