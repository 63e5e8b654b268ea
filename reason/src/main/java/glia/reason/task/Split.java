package glia.reason.task;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/// The disjoint parts of a task's instances: for training and held out, of which validation and test are the halves.
///
/// An instance is held out if the first two hexadecimal digits of the SHA-256 hash of `TASK:CANONICAL` are below `33`
/// (51 of 256, 19.9 %), where `CANONICAL` is the canonical form of the instance; its half goes by the parity of the
/// fourth digit. This depends on neither the seed, the index nor the level.
public enum Split {
    /// For training.
    TRAIN("train"),
    /// For evaluation: validation and test.
    HELD_OUT("held-out"),
    /// The held-out instances that choose between runs and checkpoints.
    VALIDATION("validation"),
    /// The held-out instances that nothing was chosen by.
    TEST("test");

    private static final int HELD_OUT_OF_256 = 0x33;

    private final String word;

    Split(String word) {
        this.word = word;
    }

    /// `train`, `held-out`, `validation` or `test`.
    public String word() {
        return word;
    }

    /// The words of all splits.
    public static List<String> words() {
        return Arrays.stream(values()).map(Split::word).toList();
    }

    /// The split of a word.
    ///
    /// @throws IllegalArgumentException if the word is that of none
    public static Split of(String word) {
        for (Split split : values()) {
            if (split.word.equals(word)) {
                return split;
            }
        }
        throw new IllegalArgumentException("'" + word + "' is not a split; expected one of "
                + String.join(", ", words()));
    }

    /// The SHA-256 hash of an instance, in hexadecimal digits.
    public static String hash(String task, String canonical) {
        return HexFormat.of().formatHex(digest(task, canonical));
    }

    /// Whether an instance belongs to this split.
    public boolean holds(String task, String canonical) {
        byte[] digest = digest(task, canonical);
        boolean isHeldOut = (digest[0] & 0xFF) < HELD_OUT_OF_256;
        return switch (this) {
            case TRAIN -> !isHeldOut;
            case HELD_OUT -> isHeldOut;
            case VALIDATION -> isHeldOut && digest[1] % 2 == 0;
            case TEST -> isHeldOut && digest[1] % 2 != 0;
        };
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
