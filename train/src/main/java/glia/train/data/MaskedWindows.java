package glia.train.data;

import glia.engine.training.TokenBatch;
import glia.tensor.Hash;
import glia.text.tokenizer.Tokenizer;
import java.util.Arrays;

/// Windows from random places of a corpus with masked tokens, for masked language models and masked diffusion: the
/// special tokens that a tokenizer may put around a text, and the window between them.
///
/// @param tokens of the corpus
/// @param length tokens of a window, without the special tokens
/// @param before special tokens before a window
/// @param after special tokens after it
public record MaskedWindows(Tokens tokens, int length, int[] before, int[] after, Masking masking, long seed)
        implements RowStream {
    public MaskedWindows {
        if (length < 1 || tokens.size() < length) {
            throw new IllegalArgumentException("windows of " + length + " tokens of a corpus of " + tokens.size());
        }
    }

    /// Chooses the tokens that are masked and predicted.
    @FunctionalInterface
    public interface Masking {
        /// Adds a text to a batch, with masks and the masked tokens as targets.
        ///
        /// @param row the number of the text in its step
        void add(TokenBatch batch, int[] ids, long step, long row);
    }

    /// Windows that with their special tokens fill the context.
    ///
    /// @param mask the mask token
    /// @param share the share of tokens that are predicted
    public static MaskedWindows of(Tokens tokens, Tokenizer tokenizer, int mask, int context, double share, long seed) {
        int[] plain = tokenizer.encodePlain("a", false);
        int[] full = tokenizer.encodePlain("a", true);
        int start = 0;
        while (start + plain.length < full.length
                && !Arrays.equals(plain, Arrays.copyOfRange(full, start, start + plain.length))) {
            start++;
        }
        int end = start + plain.length;
        int length = (int) Math.min(context - (full.length - plain.length), tokens.size());
        return new MaskedWindows(tokens, length, Arrays.copyOf(full, start), Arrays.copyOfRange(full, end, full.length),
                new TokenMasking(mask, tokenizer.vocabSize(), tokenizer::isSpecial, share, seed), seed);
    }

    @Override
    public void add(TokenBatch batch, long index) {
        int[] ids = new int[before.length + length + after.length];
        int[] window = new int[length];
        tokens.read(Long.remainderUnsigned(Hash.of(seed, index), tokens.size() - length + 1), length, window);
        System.arraycopy(before, 0, ids, 0, before.length);
        System.arraycopy(window, 0, ids, before.length, length);
        System.arraycopy(after, 0, ids, before.length + length, after.length);
        masking.add(batch, ids, index, 0);
    }
}
