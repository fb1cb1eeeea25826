#!/usr/bin/env python3
"""Writes tests/golden/hugging_face/*.safetensors.gz: small random models of `transformers`, what goes into them and
what comes out. With --check-export it loads a folder that `ablate export` wrote and compares its logits with such a
file.

    python -m pip install torch==2.13.0 transformers==5.24.0 safetensors==0.8.0
    python scripts/reference/hugging_face.py
    python scripts/reference/hugging_face.py --only bert mixtral_2
    python scripts/reference/hugging_face.py --check-export FOLDER tests/golden/hugging_face/gpt2_1.safetensors.gz

Weights are multiples of 1/64, so that they are the same numbers in bfloat16, float and double. Everything is computed
in double: where transformers computes a part in 32 bits whatever the model's dtype (rotary angles, softmax, RMS norms),
the name of that dtype stands for 64 bits while this script runs.
"""
import argparse
import contextlib
import gzip
import json
import pathlib
import sys
import warnings

import safetensors.torch
import torch
import transformers
from published_models import CASES, ENCODERS

TRANSFORMERS = "5.24.0"
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "hugging_face"


@contextlib.contextmanager
def everything_in_double(model_class):
    """T5 sorts distances into buckets in 32 bits, and a border may lie on a power: there `.float()` stays."""
    kept = torch.float32, torch.float, torch.Tensor.float, torch.FloatTensor
    torch.set_default_dtype(torch.float64)
    torch.float32 = torch.float = torch.float64
    torch.FloatTensor = torch.DoubleTensor
    if not model_class.startswith("T5"):
        torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.float32, torch.float, torch.Tensor.float, torch.FloatTensor = kept
        torch.set_default_dtype(torch.float32)


def learnable_bias(model):
    """The bias of the output layer is a buffer in transformers: as a parameter it has a gradient."""
    if hasattr(model, "final_logits_bias"):
        bias = model.final_logits_bias
        del model.final_logits_bias
        model.final_logits_bias = torch.nn.Parameter(bias.clone())


def as_saved(model_class, name, tensor):
    """{name: tensor} as files have it. The library renames what it reads: the output matrix of GPT-NeoX has its old
    name in files; and the experts of Mixtral, which it keeps in one tensor each of their first and last matrices, have
    tensors of their own."""
    if model_class.startswith("GPTNeoX"):
        name = name.replace("lm_head.", "embed_out.")
    if model_class.startswith("Mixtral"):
        name = name.replace(".mlp.", ".block_sparse_moe.")
    stem = name.rpartition(".")[0]
    if name.endswith(".experts.gate_up_proj"):
        gate, up = tensor.chunk(2, dim=1)  # (experts, out, in) each
        experts = range(tensor.size(0))
        return ({f"{stem}.{e}.w1.weight": gate[e] for e in experts} | {f"{stem}.{e}.w3.weight": up[e] for e in experts})
    if name.endswith(".experts.down_proj"):
        return {f"{stem}.{e}.w2.weight": tensor[e] for e in range(tensor.size(0))}
    return {name: tensor}


def randomize(model, generator):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not parameter.requires_grad:
                continue  # sinusoids
            numbers = torch.randint(-32, 33, parameter.shape, generator=generator) / 64
            is_gain = parameter.dim() == 1 and name.endswith("weight")
            if is_gain and "Gemma" not in type(model).__name__:
                numbers = 1 + numbers
            parameter.copy_(numbers)


def padded(batch, length, ids, pad, generator, left=True):
    """ids (batch, length) of which row 1 begins, or without `left` ends, and row 2 ends with padding -> ids, mask."""
    tokens = ids[torch.randint(len(ids), (batch, length), generator=generator)]
    mask = torch.ones(batch, length, dtype=torch.int64)
    mask[1, :2] = 0 if left else 1
    mask[1, -2:] = 1 if left else 0
    mask[2, -3:] = 0
    return torch.where(mask.bool(), tokens, torch.tensor(pad)), mask


def mean_loss(scores, labels):
    """Squares for numbers; of scores (..., classes) the cross-entropy."""
    if labels.is_floating_point():
        return torch.nn.functional.mse_loss(scores.flatten(), labels.flatten())
    return torch.nn.functional.cross_entropy(scores.flatten(0, -2), labels.flatten(), ignore_index=-100)


def encoder_labels(scores, mask, ids, generator):
    """Of every second word, of texts a class, or where there is one a number."""
    if scores.dim() == 3:
        labels = ids[torch.randint(len(ids), mask.shape, generator=generator)]
        chosen = mask.bool() & (torch.arange(mask.size(1)) % 2 == 0)
        return torch.where(chosen, labels, torch.tensor(-100))
    if scores.size(1) == 1:
        return torch.randint(-8, 9, (scores.size(0),), generator=generator) / 4
    return torch.randint(scores.size(1), (scores.size(0),), generator=generator)


def clear_margin(steps):
    for scores in steps:
        best = scores[0].topk(2).values
        if best[0] - best[1] < 1e-2:
            return False
    return True


def generate(model, config, inputs):
    """Greedy, one sentence: what is generated, or None if the best two scores are too close at some step."""
    start = getattr(config, "decoder_start_token_id", None)
    never = sorted({t for t in (config.pad_token_id, start) if t is not None and t != config.eos_token_id})
    options = dict(do_sample=False, num_beams=1, max_new_tokens=12, return_dict_in_generate=True, output_logits=True,
                   output_scores=True)
    if config.is_encoder_decoder:
        options.update(eos_token_id=config.eos_token_id, pad_token_id=config.pad_token_id,
                       decoder_start_token_id=start, forced_eos_token_id=None, suppress_tokens=never)
        model.generation_config.forced_eos_token_id = None
    else:
        options.update(pad_token_id=0)
        model.generation_config.eos_token_id = None
    found = model.generate(inputs, attention_mask=torch.ones_like(inputs), **options)
    if not clear_margin(found.scores):
        return None
    skipped = 1 if config.is_encoder_decoder else inputs.size(1)
    return found.sequences[:, skipped:]


def add_states(tensors, name, states):
    """What every layer reads, then what the stack gives, behind its last norm."""
    for i, state in enumerate(states):
        tensors[f"{name}.{i}"] = state


def described(config, model_class):
    return config.to_dict() | {"architectures": [model_class]}


def plain(tensors):
    return {key: value.detach().contiguous().clone() for key, value in tensors.items()}


def make(name, model_class, settings, seed):
    generator = torch.Generator().manual_seed(seed)
    with everything_in_double(model_class):
        cls = getattr(transformers, model_class)
        config = cls.config_class(**settings)
        config._attn_implementation = "eager"
        if config.model_type == "mixtral":
            config._experts_implementation = "eager"
        torch.manual_seed(seed)
        model = cls(config).double().eval()
        if name == "t5_2":  # T5 1.1 has an output matrix of its own; transformers ties it whenever it makes a new model
            model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
        learnable_bias(model)
        randomize(model, generator)
        pad = config.pad_token_id
        special = {getattr(config, key, None) for key in
                   ("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id")}
        ids = torch.tensor([i for i in range(config.vocab_size) if i not in special])
        tensors = {}
        length = 9 if name.endswith("_1") else 7
        is_encoder = config.model_type in ENCODERS
        # What stands for a text is its first token, which must be there.
        left = not is_encoder or model_class.endswith("ForMaskedLM")
        input_ids, mask = padded(3, length, ids, 0 if pad is None else pad, generator, left)
        inputs = dict(input_ids=input_ids, attention_mask=mask)
        if is_encoder:
            inputs["token_type_ids"] = torch.randint(config.type_vocab_size, input_ids.shape, generator=generator)
        tensors.update(inputs)
        if config.is_encoder_decoder:
            decoder_ids, decoder_mask = padded(3, length - 2, ids, pad, generator)
            tensors.update(decoder_input_ids=decoder_ids, decoder_attention_mask=decoder_mask)
            inputs.update(decoder_input_ids=decoder_ids, decoder_attention_mask=decoder_mask)
            labels = ids[torch.randint(len(ids), decoder_ids.shape, generator=generator)]
            labels = torch.where(decoder_mask.bool(), labels, torch.tensor(-100))
        elif not is_encoder:
            labels = torch.full_like(input_ids, -100)
            both = mask[:, :-1].bool() & mask[:, 1:].bool()
            labels[:, :-1] = torch.where(both, input_ids[:, 1:], torch.tensor(-100))
        out = model(**inputs, output_hidden_states=True, **({} if is_encoder else dict(use_cache=False)))
        said = "logits" if hasattr(out, "logits") else "pooler_output"
        if is_encoder:
            labels = encoder_labels(out[said], mask, ids, generator)
        loss = mean_loss(out[said], labels)
        loss.backward()
        states = out.decoder_hidden_states if config.is_encoder_decoder else out.hidden_states
        tensors.update({said: out[said], "labels": labels, "loss": loss, "last_hidden_state": states[-1]})
        add_states(tensors, "hidden_states", states)
        if config.is_encoder_decoder:
            tensors["encoder_last_hidden_state"] = out.encoder_last_hidden_state
            add_states(tensors, "encoder_hidden_states", out.encoder_hidden_states)
        for key, parameter in model.named_parameters():
            if parameter.requires_grad:
                gradient = parameter.grad if parameter.grad is not None else torch.zeros_like(parameter)
                for saved, part in as_saved(model_class, key, gradient).items():
                    tensors["gradient." + saved] = part
                for saved, part in as_saved(model_class, key, parameter.detach().to(kept_float)).items():
                    tensors["weight." + saved] = part
        if is_encoder:
            return described(config, model_class), plain(tensors)
        prompt = ids[torch.randint(len(ids), (1, 5), generator=generator)]
        generated = generate(model, config, prompt)
        if generated is None:
            return None
        tensors.update(prompt=prompt, generated=generated)
        return described(config, model_class), plain(tensors)


kept_float = torch.float32


def write(name, model_class, settings):
    for seed in range(1, 40):
        made = make(name, model_class, settings, seed)
        if made is not None:
            break
    else:
        sys.exit(f"{name}: no seed gives scores that differ clearly")
    config, tensors = made
    if model_class == "T5ForConditionalGeneration" and settings.get("tie_word_embeddings") is False:
        config["tie_word_embeddings"] = False  # as the published configurations of T5 1.1 have it
    metadata = {"config": json.dumps(config), "transformers": transformers.__version__, "format": "pt"}
    content = safetensors.torch.save(tensors, metadata)
    file = FOLDER / f"{name}.safetensors.gz"
    file.write_bytes(gzip.compress(content, 9, mtime=0))
    print(f"{name}: seed {seed}, {file.stat().st_size} bytes, loss {tensors['loss'].item():.4f}")


def read_golden(golden):
    content = gzip.decompress(pathlib.Path(golden).read_bytes())
    length = int.from_bytes(content[:8], "little")
    config = json.loads(json.loads(content[8:8 + length])["__metadata__"]["config"])
    return config, safetensors.torch.load(content)


def unpack(golden, folder):
    """The folder of the model that a golden file was made with."""
    config, tensors = read_golden(golden)
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    weights = {key[len("weight."):]: value for key, value in tensors.items() if key.startswith("weight.")}
    safetensors.torch.save_file(weights, folder / "model.safetensors", {"format": "pt"})


def check_export(folder, golden):
    config, expected = read_golden(golden)
    cls = getattr(transformers, config["architectures"][0])
    model, report = cls.from_pretrained(folder, output_loading_info=True, attn_implementation="eager")
    if config["model_type"] == "mixtral":
        model.set_experts_implementation("eager")
    sinusoids = config["model_type"] in ("marian", "pegasus")
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        # Sinusoids are no weights: the library makes them where a file has none.
        made = ("embed_positions.weight",) if kind == "missing_keys" and sinusoids else ()
        keys = sorted(key for key in report[kind] if not key.endswith(made))
        if keys:
            sys.exit(f"{folder}: {kind}: {keys}")
    names = ("input_ids", "attention_mask", "token_type_ids", "decoder_input_ids", "decoder_attention_mask")
    said = "logits" if "logits" in expected else "pooler_output"
    with torch.no_grad():
        out = model.eval()(**{n: expected[n] for n in names if n in expected})[said].double()
    wanted = expected[said]
    real = expected.get("decoder_attention_mask", expected["attention_mask"]).bool()
    if wanted.dim() == 2:  # of texts
        real = torch.ones(wanted.size(0), dtype=torch.bool)
    difference = (out - wanted)[real].abs().max().item() / wanted[real].abs().max().item()
    print(f"{folder}: largest difference of {said} {difference:.2e}, relative to the largest value")
    return difference <= 1e-5


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME",
                        help="write these files, or those of these architectures: bert_1, or bert")
    parser.add_argument("--unpack", nargs=2, metavar=("GOLDEN", "FOLDER"), help="write the model of a golden file")
    parser.add_argument("--check-export", nargs=2, metavar=("FOLDER", "GOLDEN"))
    arguments = parser.parse_args()
    if transformers.__version__ != TRANSFORMERS:
        sys.exit(f"transformers is {transformers.__version__}; the golden files are written with {TRANSFORMERS}")
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    if arguments.unpack:
        return unpack(*arguments.unpack)
    if arguments.check_export:
        sys.exit(0 if check_export(*arguments.check_export) else 1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    known = {case[0] for case in CASES} | {case[0].rpartition("_")[0] for case in CASES}
    for name in arguments.only or []:
        if name not in known:
            parser.error(f"--only: there is no '{name}'; there are {', '.join(sorted(known))}")
    for name, model_class, settings in CASES:
        if not arguments.only or name in arguments.only or name.rpartition("_")[0] in arguments.only:
            write(name, model_class, settings)


if __name__ == "__main__":
    main()
