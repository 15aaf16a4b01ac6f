"""Exports a BERT-family encoder to ONNX in float32, and a copy with onnxruntime's fused operators.

    python3 export_onnx.py --model FOLDER --out minilm.onnx --fused minilm-fused.onnx
"""

import argparse

import torch
import transformers
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions


class States(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--fused", required=True)
    arguments = parser.parse_args()

    model = transformers.AutoModel.from_pretrained(arguments.model, dtype=torch.float32, attn_implementation="eager")
    model.eval()
    config = model.config
    ids = torch.randint(1000, 2000, (3, 11))
    mask = torch.ones_like(ids)
    mask[1, 7:] = 0
    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes = {0: "batch", 1: "sequence"}
    torch.onnx.export(
        States(model),
        (ids, mask, torch.zeros_like(ids)),
        arguments.out,
        input_names=names,
        output_names=["last_hidden_state"],
        dynamic_axes={name: axes for name in [*names, "last_hidden_state"]},
        opset_version=17,
        dynamo=False,
    )
    fused = optimizer.optimize_model(
        arguments.out,
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
        optimization_options=FusionOptions("bert"),
    )
    print("fused operators:", fused.get_fused_operator_statistics())
    fused.save_model_to_file(arguments.fused)


if __name__ == "__main__":
    main()
