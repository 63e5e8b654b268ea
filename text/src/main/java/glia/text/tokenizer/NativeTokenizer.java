package glia.text.tokenizer;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;

/// A tokenizer of the native library. It only encodes; [PieceDecoder] decodes. Thread-safe; its native memory is freed
/// when it is no longer reachable.
final class NativeTokenizer {
    private static final Cleaner CLEANER = Cleaner.create();
    private static final TokenizersLibrary LIBRARY = TokenizersLibrary.LIB;

    private final long handle;

    private NativeTokenizer(long handle) {
        this.handle = handle;
        CLEANER.register(this, () -> LIBRARY.deleteTokenizer(handle));
    }

    /// @param json JSON of [NativeJson]; the library ends the process on many invalid ones
    /// @throws IllegalArgumentException with the library's message if it refuses the JSON
    static NativeTokenizer of(String json) {
        NativeLibrary.load();
        long handle;
        try {
            handle = LIBRARY.createTokenizerFromString(json);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
        return new NativeTokenizer(handle);
    }

    /// Encodes a text of bounded length ([TextLimit]). Unpaired surrogates become U+FFFD.
    int[] encode(String text) {
        try {
            long encoding = LIBRARY.encode(handle, replaceUnpairedSurrogates(text), false);
            try {
                return toInts(LIBRARY.getTokenIds(encoding));
            } finally {
                LIBRARY.deleteEncoding(encoding);
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private static int[] toInts(long[] ids) {
        int[] ints = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            ints[i] = (int) ids[i];
        }
        return ints;
    }

    /// Replaces unpaired surrogates by U+FFFD. With one of them the native side misreads all emoji and NUL characters.
    static String replaceUnpairedSurrogates(String text) {
        char[] replaced = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
                continue;
            }
            if (replaced == null) {
                replaced = text.toCharArray();
            }
            replaced[i] = '\uFFFD';
        }
        return replaced == null ? text : new String(replaced);
    }
}
