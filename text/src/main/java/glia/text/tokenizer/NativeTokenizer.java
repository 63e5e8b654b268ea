package glia.text.tokenizer;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;

/// A tokenizer of Hugging Face's library. It only encodes: texts are decoded
/// in Java (`PieceDecoder`), where bytes stay exact and a token can be decoded alone. Thread-safe; its memory is freed
/// when it is no longer reachable.
final class NativeTokenizer {
    private static final Cleaner CLEANER = Cleaner.create();
    private static final TokenizersLibrary LIBRARY = TokenizersLibrary.LIB;

    private final long handle;

    private NativeTokenizer(long handle) {
        this.handle = handle;
        CLEANER.register(this, () -> LIBRARY.deleteTokenizer(handle));
    }

    /// @param json a text of `BpeJson`; the library ends the process where it meets an unsound one
    /// @throws IllegalArgumentException with the library's words if it cannot use the text
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

    /// The ids of a text. Unpaired surrogates, which UTF-8 cannot hold, become U+FFFD.
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

    /// Left alone, one of them makes the native side misread every emoji and NUL of the whole text.
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
