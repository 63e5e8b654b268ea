package glia.serve.openai;

import glia.text.tokenizer.Tokenizer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/// Prompts for the text between a prefix and a suffix (https://arxiv.org/abs/2207.14255).
final class FillInMiddle {
    /// Tokens before the prefix, the suffix and the middle: of Qwen and others, StarCoder, Code Llama, DeepSeek.
    private static final List<List<String>> MARKERS = List.of(
            List.of("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
            List.of("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
            List.of("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),
            List.of("▁<PRE>", "▁<SUF>", "▁<MID>"),
            List.of("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"));

    private FillInMiddle() { }

    /// The tokens of the prompt; empty if the vocabulary has no tokens for it.
    static Optional<int[]> prompt(Tokenizer tokenizer, String prefix, String suffix) {
        for (List<String> markers : MARKERS) {
            List<OptionalInt> ids = markers.stream().map(tokenizer::id).toList();
            if (ids.stream().allMatch(OptionalInt::isPresent)) {
                IntStream bos = tokenizer.addsBos() ? tokenizer.bos().stream() : IntStream.empty();
                return Optional.of(IntStream.concat(bos, IntStream.of(0, 1, 2).flatMap(i -> IntStream.concat(
                        ids.get(i).stream(), i == 2 ? IntStream.empty()
                                : IntStream.of(tokenizer.encodePlain(i == 0 ? prefix : suffix, false))))).toArray());
            }
        }
        return Optional.empty();
    }
}
