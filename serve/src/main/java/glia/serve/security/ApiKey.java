package glia.serve.security;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/// An API key as it is stored: its name, and a salted hash from which the key cannot be computed.
///
/// The hash is SHA-256 of salt and key. Keys have 256 random bits, so a slow hash, which protects guessable passwords,
/// would only make requests slow.
public final class ApiKey {
    static final int SALT_BYTES = 16;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    private final String name;
    private final LocalDate day;
    private final byte[] salt;
    private final byte[] hash;

    private ApiKey(String name, LocalDate day, byte[] salt, byte[] hash) {
        this.name = name;
        this.day = day;
        this.salt = salt;
        this.hash = hash;
    }

    static ApiKey of(String name, LocalDate day, byte[] salt, String key) {
        return new ApiKey(name, day, salt, hash(salt, key.getBytes(StandardCharsets.UTF_8)));
    }

    static void requireName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("the name of a key has 1 to 64 letters of A to Z, digits, and . _ -; "
                    + "found " + name.length() + " characters");
        }
    }

    /// A line of a key file; empty if it is wrong.
    static Optional<ApiKey> parse(String line) {
        String[] words = line.split("\\s+");
        try {
            if (words.length == 4 && NAME.matcher(words[0]).matches()) {
                byte[] salt = HexFormat.of().parseHex(words[2]);
                byte[] hash = HexFormat.of().parseHex(words[3]);
                if (salt.length == SALT_BYTES && hash.length == 32) {
                    return Optional.of(new ApiKey(words[0], LocalDate.parse(words[1]), salt, hash));
                }
            }
        } catch (IllegalArgumentException | DateTimeException e) {
            // Below.
        }
        return Optional.empty();
    }

    String line() {
        return String.join(" ", name, day.toString(), HexFormat.of().formatHex(salt), HexFormat.of().formatHex(hash));
    }

    /// Whether a key is this one; takes the same time for all keys of a length.
    boolean matches(byte[] key) {
        return MessageDigest.isEqual(hash, hash(salt, key));
    }

    private static byte[] hash(byte[] salt, byte[] key) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(salt);
            return digest.digest(key);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /// The name of its holder.
    public String name() {
        return name;
    }

    /// The day on which it was made, in UTC.
    public LocalDate day() {
        return day;
    }
}
