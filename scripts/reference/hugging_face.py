#!/usr/bin/env python3
"""Writes tests/golden/hugging_face/*.safetensors.gz: small random models of `transformers`, what goes into them and
what comes out. With --check-export it loads a folder that `ablate export` wrote and compares its logits with such a
file.

    python -m pip install torch==2.13.0 transformers==5.24.0 safetensors==0.8.0
    python scripts/reference/hugging_face.py
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

TRANSFORMERS = "5.24.0"
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "hugging_face"

# A row per golden file: its name, the class of the model, its configuration.
LLAMA = dict(vocab_size=43, hidden_size=24, intermediate_size=20, num_hidden_layers=2, max_position_embeddings=32)
NEOX = dict(vocab_size=43, num_hidden_layers=2, max_position_embeddings=32, bos_token_id=0, eos_token_id=0)
SEQ = dict(vocab_size=43, encoder_layers=2, decoder_layers=2, max_position_embeddings=32)
CASES = [
    ("gpt2_1", "GPT2LMHeadModel", dict(vocab_size=43, n_embd=18, n_layer=2, n_head=3, n_positions=32,
                                       bos_token_id=42, eos_token_id=42)),
    ("gpt2_2", "GPT2LMHeadModel", dict(vocab_size=51, n_embd=20, n_layer=1, n_head=5, n_positions=24, n_inner=33,
                                       activation_function="relu", layer_norm_epsilon=1e-3, tie_word_embeddings=False,
                                       bos_token_id=50, eos_token_id=50)),
    ("llama_1", "LlamaForCausalLM", dict(LLAMA, num_attention_heads=6, num_key_value_heads=3)),
    ("llama_2", "LlamaForCausalLM", dict(LLAMA, num_attention_heads=3, num_key_value_heads=1, head_dim=8,
                                         tie_word_embeddings=True, attention_bias=True, mlp_bias=True,
                                         rms_norm_eps=1e-4,
                                         rope_parameters=dict(rope_type="llama3", rope_theta=5000.0, factor=4.0,
                                                              low_freq_factor=1.0, high_freq_factor=4.0,
                                                              original_max_position_embeddings=16))),
    ("llama_3", "LlamaForCausalLM", dict(LLAMA, num_attention_heads=3, num_key_value_heads=3, num_hidden_layers=1,
                                         pad_token_id=0, rope_parameters=dict(rope_type="linear", rope_theta=10000.0,
                                                                              factor=2.5))),
    ("mistral_1", "MistralForCausalLM", dict(LLAMA, num_attention_heads=6, num_key_value_heads=3, sliding_window=4)),
    ("mistral_2", "MistralForCausalLM", dict(LLAMA, num_attention_heads=3, num_key_value_heads=1, head_dim=10,
                                             num_hidden_layers=1, sliding_window=None)),
    ("qwen2_1", "Qwen2ForCausalLM", dict(LLAMA, num_attention_heads=6, num_key_value_heads=3,
                                         tie_word_embeddings=True)),
    ("qwen2_2", "Qwen2ForCausalLM", dict(LLAMA, num_attention_heads=3, num_key_value_heads=3, num_hidden_layers=1)),
    ("gemma_1", "GemmaForCausalLM", dict(LLAMA, num_attention_heads=6, num_key_value_heads=3, head_dim=6)),
    ("gemma_2", "GemmaForCausalLM", dict(LLAMA, num_attention_heads=5, num_key_value_heads=1, head_dim=4,
                                         num_hidden_layers=1)),
    ("gpt_neox_1", "GPTNeoXForCausalLM", dict(NEOX, hidden_size=24, num_attention_heads=3, intermediate_size=20)),
    ("gpt_neox_2", "GPTNeoXForCausalLM", dict(NEOX, hidden_size=20, num_attention_heads=5, intermediate_size=28,
                                              use_parallel_residual=False, hidden_act="gelu_new",
                                              tie_word_embeddings=True,
                                              rope_parameters=dict(rope_type="default", rope_theta=500.0,
                                                                   partial_rotary_factor=0.5))),
    ("gptj_1", "GPTJForCausalLM", dict(vocab_size=43, n_embd=24, n_layer=2, n_head=3, n_positions=32, rotary_dim=4,
                                       bos_token_id=42, eos_token_id=42)),
    ("gptj_2", "GPTJForCausalLM", dict(vocab_size=43, n_embd=20, n_layer=1, n_head=5, n_positions=32, rotary_dim=4,
                                       n_inner=24, bos_token_id=42, eos_token_id=42)),
    ("phi_1", "PhiForCausalLM", dict(vocab_size=43, hidden_size=24, intermediate_size=20, num_hidden_layers=2,
                                     num_attention_heads=3, max_position_embeddings=32)),
    ("phi_2", "PhiForCausalLM", dict(vocab_size=43, hidden_size=30, intermediate_size=24, num_hidden_layers=1,
                                     num_attention_heads=5, num_key_value_heads=1, qk_layernorm=True,
                                     max_position_embeddings=32,
                                     rope_parameters=dict(rope_type="default", rope_theta=10000.0,
                                                          partial_rotary_factor=0.4))),
    ("falcon_1", "FalconForCausalLM", dict(vocab_size=43, hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
                                           max_position_embeddings=32)),
    ("falcon_2", "FalconForCausalLM", dict(vocab_size=43, hidden_size=24, num_hidden_layers=2, num_attention_heads=6,
                                           num_kv_heads=3, new_decoder_architecture=True, ffn_hidden_size=20,
                                           max_position_embeddings=32)),
    ("falcon_3", "FalconForCausalLM", dict(vocab_size=43, hidden_size=20, num_hidden_layers=1, num_attention_heads=5,
                                           multi_query=False, parallel_attn=False, bias=True,
                                           max_position_embeddings=32)),
    ("falcon_4", "FalconForCausalLM", dict(vocab_size=43, hidden_size=24, num_hidden_layers=1, num_attention_heads=6,
                                           num_kv_heads=2, new_decoder_architecture=True, num_ln_in_parallel_attn=1,
                                           ffn_hidden_size=20, max_position_embeddings=32)),
    ("bloom_1", "BloomForCausalLM", dict(vocab_size=43, hidden_size=18, n_layer=2, n_head=3)),
    ("bloom_2", "BloomForCausalLM", dict(vocab_size=43, hidden_size=20, n_layer=1, n_head=5,
                                         layer_norm_epsilon=1e-3)),
    ("opt_1", "OPTForCausalLM", dict(vocab_size=43, hidden_size=18, num_hidden_layers=2, num_attention_heads=3,
                                     ffn_dim=22, max_position_embeddings=32)),
    ("opt_2", "OPTForCausalLM", dict(vocab_size=43, hidden_size=20, num_hidden_layers=1, num_attention_heads=5,
                                     ffn_dim=22, max_position_embeddings=24, do_layer_norm_before=False,
                                     activation_function="gelu", enable_bias=False, tie_word_embeddings=False)),
    ("t5_1", "T5ForConditionalGeneration", dict(vocab_size=43, d_model=16, d_kv=5, d_ff=20, num_layers=2, num_heads=3,
                                                relative_attention_num_buckets=8, relative_attention_max_distance=13,
                                                decoder_start_token_id=0)),
    ("t5_2", "T5ForConditionalGeneration", dict(vocab_size=43, d_model=12, d_kv=4, d_ff=20, num_layers=2,
                                                num_decoder_layers=1, num_heads=5, feed_forward_proj="gated-gelu",
                                                relative_attention_num_buckets=8, relative_attention_max_distance=21,
                                                tie_word_embeddings=False, decoder_start_token_id=0)),
    ("bart_1", "BartForConditionalGeneration", dict(SEQ, d_model=18, encoder_attention_heads=3,
                                                    decoder_attention_heads=3, encoder_ffn_dim=20,
                                                    decoder_ffn_dim=20)),
    ("bart_2", "BartForConditionalGeneration", dict(SEQ, d_model=20, encoder_attention_heads=5,
                                                    decoder_attention_heads=2, encoder_ffn_dim=22, decoder_ffn_dim=14,
                                                    encoder_layers=1, scale_embedding=True,
                                                    activation_function="relu")),
    ("marian_1", "MarianMTModel", dict(SEQ, d_model=18, encoder_attention_heads=3, decoder_attention_heads=3,
                                       encoder_ffn_dim=20, decoder_ffn_dim=20, scale_embedding=True, pad_token_id=42,
                                       decoder_start_token_id=42, activation_function="swish")),
    ("marian_2", "MarianMTModel", dict(SEQ, d_model=20, encoder_attention_heads=5, decoder_attention_heads=5,
                                       encoder_ffn_dim=22, decoder_ffn_dim=14, decoder_layers=1, pad_token_id=42,
                                       decoder_start_token_id=42)),
    ("pegasus_1", "PegasusForConditionalGeneration", dict(SEQ, d_model=18, encoder_attention_heads=3,
                                                          decoder_attention_heads=3, encoder_ffn_dim=20,
                                                          decoder_ffn_dim=20, scale_embedding=True)),
    ("pegasus_2", "PegasusForConditionalGeneration", dict(SEQ, d_model=20, encoder_attention_heads=5,
                                                          decoder_attention_heads=5, encoder_ffn_dim=22,
                                                          decoder_ffn_dim=14, encoder_layers=1,
                                                          activation_function="relu")),
]


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


def saved_name(model_class, name):
    """The library renames what it reads: the output matrix of GPT-NeoX has its old name in files."""
    return name.replace("lm_head.", "embed_out.") if model_class.startswith("GPTNeoX") else name


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


def padded(batch, length, ids, pad, generator):
    """ids (batch, length) of which row 1 begins, and row 2 ends, with padding -> ids, mask."""
    tokens = ids[torch.randint(len(ids), (batch, length), generator=generator)]
    mask = torch.ones(batch, length, dtype=torch.int64)
    mask[1, :2] = 0
    mask[2, -3:] = 0
    return torch.where(mask.bool(), tokens, torch.tensor(pad)), mask


def mean_loss(logits, labels):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100)


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


def make(name, model_class, settings, seed):
    generator = torch.Generator().manual_seed(seed)
    with everything_in_double(model_class):
        cls = getattr(transformers, model_class)
        config = cls.config_class(**settings)
        config._attn_implementation = "eager"
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
        input_ids, mask = padded(3, length, ids, 0 if pad is None else pad, generator)
        tensors.update(input_ids=input_ids, attention_mask=mask)
        inputs = dict(input_ids=input_ids, attention_mask=mask)
        if config.is_encoder_decoder:
            decoder_ids, decoder_mask = padded(3, length - 2, ids, pad, generator)
            tensors.update(decoder_input_ids=decoder_ids, decoder_attention_mask=decoder_mask)
            inputs.update(decoder_input_ids=decoder_ids, decoder_attention_mask=decoder_mask)
            labels = ids[torch.randint(len(ids), decoder_ids.shape, generator=generator)]
            labels = torch.where(decoder_mask.bool(), labels, torch.tensor(-100))
        else:
            labels = torch.full_like(input_ids, -100)
            both = mask[:, :-1].bool() & mask[:, 1:].bool()
            labels[:, :-1] = torch.where(both, input_ids[:, 1:], torch.tensor(-100))
        out = model(**inputs, output_hidden_states=True, use_cache=False)
        loss = mean_loss(out.logits, labels)
        loss.backward()
        states = out.decoder_hidden_states if config.is_encoder_decoder else out.hidden_states
        tensors.update(labels=labels, logits=out.logits, last_hidden_state=states[-1], loss=loss)
        if config.is_encoder_decoder:
            tensors["encoder_last_hidden_state"] = out.encoder_last_hidden_state
        for key, parameter in model.named_parameters():
            if parameter.requires_grad:
                gradient = parameter.grad if parameter.grad is not None else torch.zeros_like(parameter)
                saved = saved_name(model_class, key)
                tensors["gradient." + saved] = gradient
                tensors["weight." + saved] = parameter.detach().to(kept_float)
        prompt = ids[torch.randint(len(ids), (1, 5), generator=generator)]
        generated = generate(model, config, prompt)
        if generated is None:
            return None
        tensors.update(prompt=prompt, generated=generated)
        described = config.to_dict()
        described["architectures"] = [model_class]
        return described, {key: value.detach().contiguous().clone() for key, value in tensors.items()}


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
    sinusoids = config["model_type"] in ("marian", "pegasus")
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        # Sinusoids are no weights: the library makes them where a file has none.
        made = ("embed_positions.weight",) if kind == "missing_keys" and sinusoids else ()
        keys = sorted(key for key in report[kind] if not key.endswith(made))
        if keys:
            sys.exit(f"{folder}: {kind}: {keys}")
    names = ("input_ids", "attention_mask", "decoder_input_ids", "decoder_attention_mask")
    with torch.no_grad():
        logits = model.eval()(**{n: expected[n] for n in names if n in expected}).logits.double()
    real = expected.get("decoder_attention_mask", expected["attention_mask"]).bool()
    wanted = expected["logits"]
    difference = (logits - wanted)[real].abs().max().item() / wanted[real].abs().max().item()
    print(f"{folder}: largest difference of the logits {difference:.2e}, relative to the largest logit")
    return difference <= 1e-5


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="write the golden files whose names begin so")
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
    for name, model_class, settings in CASES:
        if not arguments.only or name.startswith(arguments.only):
            write(name, model_class, settings)


if __name__ == "__main__":
    main()
