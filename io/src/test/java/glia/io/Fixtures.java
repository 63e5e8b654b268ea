package glia.io;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;

/// Shared test files, made by the formats' own packages (see `src/test/python`).
public final class Fixtures {
    private Fixtures() { }

    public static Path path(String name) {
        URL url = Fixtures.class.getResource(name);
        assertNotNull(url, name);
        try {
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /// All bytes of a tensor.
    public static byte[] bytes(Tensor tensor) {
        return tensor.memory().toArray(ValueLayout.JAVA_BYTE);
    }

    /// The bytes 0, 1, 2, … 250, 0, … of the fixtures whose values do not matter.
    public static byte[] counting(int n) {
        byte[] bytes = new byte[n];
        for (int i = 0; i < n; i++) {
            bytes[i] = (byte) (i % 251);
        }
        return bytes;
    }

    /// Checks that a message contains all of these parts.
    public static void assertSays(Throwable error, String... parts) {
        for (String part : parts) {
            assertTrue(error.getMessage().contains(part),
                    () -> "\"" + error.getMessage() + "\" lacks \"" + part + "\"");
        }
    }
}
