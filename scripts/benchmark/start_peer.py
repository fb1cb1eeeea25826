"""`python -m benchmark.start_peer PEER prepare|translate FOLDER TOKENIZER WORK`: a peer that begins with every sentence."""
import json
import sys
from pathlib import Path

BEAM = 4


def ids(tokenizer, sentence):
    import sentencepiece

    return sentencepiece.SentencePieceProcessor(model_file=tokenizer).encode(sentence)


def prepare_ctranslate2(folder, work):
    from benchmark.peers import ctranslate2

    folder.mkdir()
    ctranslate2.write_model(work, str(folder))


def translate_ctranslate2(folder, tokenizer, work, sentence):
    import ctranslate2

    from benchmark.works import FIRST_WORD, VOCABULARY

    translator = ctranslate2.Translator(str(folder), intra_threads=work["threads"])
    source = [f"word{min(i, VOCABULARY - FIRST_WORD - 1)}" for i in ids(tokenizer, sentence)]
    return translator.translate_batch([source], beam_size=BEAM, max_decoding_length=60)[0].hypotheses[0]


def prepare_marian(folder, work):
    from transformers import MarianMTModel

    from benchmark.peers import marian

    MarianMTModel(marian.config_of(work)).save_pretrained(folder)


def translate_marian(folder, tokenizer, work, sentence):
    import torch
    from transformers import MarianMTModel

    torch.set_num_threads(work["threads"])
    model = MarianMTModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        return model.generate(input_ids=torch.tensor([ids(tokenizer, sentence)]), num_beams=BEAM, max_new_tokens=60)


def prepare_fairseq(folder, work):
    import torch

    from benchmark.peers import fairseq

    folder.mkdir()
    torch.save(fairseq.build(work)[0].state_dict(), folder / "model.pt")


def translate_fairseq(folder, tokenizer, work, sentence):
    import torch

    from benchmark.peers import fairseq
    from fairseq.sequence_generator import SequenceGenerator

    torch.set_num_threads(work["threads"])
    model, task = fairseq.build(work)
    model.load_state_dict(torch.load(folder / "model.pt"))
    generator = SequenceGenerator([model.eval()], task.target_dictionary, beam_size=BEAM, max_len_a=0, max_len_b=60)
    source = torch.tensor([ids(tokenizer, sentence)])
    inputs = {"net_input": {"src_tokens": source, "src_lengths": torch.tensor([source.shape[1]])}}
    with torch.inference_mode():
        return generator.generate([model], inputs)[0][0]["tokens"]


def main():
    peer, action, folder, tokenizer, work = sys.argv[1:6]
    work = json.loads(work)
    if action == "prepare":
        globals()[f"prepare_{peer}"](Path(folder), work)
    else:
        print(globals()[f"translate_{peer}"](Path(folder), tokenizer, work, sys.stdin.readline().strip()))


if __name__ == "__main__":
    main()
