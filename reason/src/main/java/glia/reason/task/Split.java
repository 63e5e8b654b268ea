package glia.reason.task;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// The two disjoint parts of a task's instances.
///
/// An instance belongs to the held-out split if the first two hexadecimal digits of the SHA-256 hash of
/// `TASK:CANONICAL` are below `33` (51 of 256, 19.9 %), where `CANONICAL` is the canonical form of the instance. This
/// depends on neither the seed, the index nor the level.
public enum Split {
    /// For training.
    TRAIN("train"),
    /// For evaluation.
    HELD_OUT("held-out");

    private static final int HELD_OUT_OF_256 = 0x33;

    private final String word;

    Split(String word) {
        this.word = word;
    }

    /// `train` or `held-out`.
    public String word() {
        return word;
    }

    /// The split of a word.
    ///
    /// @throws IllegalArgumentException if the word is neither `train` nor `held-out`
    public static Split of(String word) {
        for (Split split : values()) {
            if (split.word.equals(word)) {
                return split;
            }
        }
        throw new IllegalArgumentException("'" + word + "' is not a split; expected train or held-out");
    }

    /// The SHA-256 hash of an instance, in hexadecimal digits.
    public static String hash(String task, String canonical) {
        return HexFormat.of().formatHex(digest(task, canonical));
    }

    /// The split that an instance belongs to.
    public static Split of(String task, String canonical) {
        return (digest(task, canonical)[0] & 0xFF) < HELD_OUT_OF_256 ? HELD_OUT : TRAIN;
    }

    private static byte[] digest(String task, String canonical) {
        try {
            return MessageDigest.getInstance("SHA-256").digest((task + ':' + canonical)
                    .getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
