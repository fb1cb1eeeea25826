"""GPT-2 of transformers, with its fastest attention and the GELU of one kernel, and its own generate()."""
import torch
from transformers import AutoModelForCausalLM, GPT2Config

from benchmark.peers import language


def _model(work):
    model = work["model"]
    config = GPT2Config(
        vocab_size=model["vocabulary"], n_positions=model["max_length"], n_embd=model["d_model"],
        n_layer=model["decoder"]["layers"], n_head=model["attention"]["heads"], n_inner=model["feed_forward"]["d_ff"],
        activation_function="gelu_pytorch_tanh", layer_norm_epsilon=model["norm"]["eps"],
        # Like all others it drops no attention weights, which would take its fast kernel from it.
        resid_pdrop=model["dropout"], embd_pdrop=model["dropout"], attn_pdrop=0.0,
        # No token ends a text.
        bos_token_id=None, eos_token_id=None)
    gpt2 = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa")
    missing, unexpected = gpt2.load_state_dict(language.weights(work), strict=False)
    if unexpected or set(missing) - {"lm_head.weight"}:  # that one is the embedding's
        raise ValueError(f"weights do not fit: {missing} are missing, {unexpected} have no place")
    return gpt2


def make(work):
    gpt2 = _model(work)
    if work["kind"] == "train_language_model":
        return language.training(work, gpt2, lambda tokens: gpt2(tokens, use_cache=False).logits)

    def continue_text(prompt, count):
        texts = gpt2.generate(
            prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=count, do_sample=False, use_cache=True)
        return texts[:, prompt.shape[1]:]

    return language.generation(work, gpt2, continue_text)
