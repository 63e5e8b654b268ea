package glia.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Damage to files, for property tests.
public final class Mutations {
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Mutations() { }

    /// Damages a file in one way.
    ///
    /// @param headerBytes how many of its first bytes are the header, where most damage goes
    /// @param fields offsets of its counts, lengths, types and data offsets
    public static byte[] damage(Random random, byte[] file, int headerBytes, List<Integer> fields) {
        if (file.length < 16) {
            return Arrays.copyOf(file, random.nextInt(64));
        }
        int header = Math.min(headerBytes, file.length);
        return switch (random.nextInt(11)) {
            case 0, 8 -> flip(random, file, header);
            case 9 -> swap(file, fields.get(random.nextInt(fields.size())), fields.get(random.nextInt(fields.size())));
            case 1 -> put(file, random.nextInt(header), number(random, file.length), random.nextBoolean() ? 8 : 4);
            case 2, 3, 4 -> put(file, fields.get(random.nextInt(fields.size())), number(random, file.length),
                    random.nextBoolean() ? 8 : 4);
            case 5 -> Arrays.copyOf(file, random.nextInt(file.length));
            case 6 -> Arrays.copyOf(file, file.length + 1 + random.nextInt(100));
            case 7 -> duplicate(random, file, header);
            default -> cut(random, file, header);
        };
    }

    private static byte[] flip(Random random, byte[] file, int header) {
        byte[] damaged = file.clone();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            damaged[random.nextInt(header)] ^= (byte) (1 << random.nextInt(8));
        }
        return damaged;
    }

    private static byte[] put(byte[] file, int at, long number, int width) {
        byte[] damaged = file.clone();
        ByteBuffer buffer = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, number);
        for (int i = 0; i < width && at + i < damaged.length; i++) {
            damaged[at + i] = buffer.get(i);
        }
        return damaged;
    }

    /// Exchanges two fields of 8 bytes.
    private static byte[] swap(byte[] file, int a, int b) {
        byte[] damaged = file.clone();
        for (int i = 0; i < Long.BYTES && Math.max(a, b) + i < file.length; i++) {
            damaged[a + i] = file[b + i];
            damaged[b + i] = file[a + i];
        }
        return damaged;
    }

    /// Numbers near the limits of types, of the file, and of small counts.
    public static long number(Random random, int size) {
        return switch (random.nextInt(6)) {
            case 0 -> random.nextInt(40);
            case 1 -> 32L * random.nextInt(40);
            case 2 -> size + random.nextInt(65) - 32;
            case 3 -> (1L << random.nextInt(64)) - random.nextInt(3);
            case 4 -> -random.nextInt(40);
            default -> random.nextLong();
        };
    }

    private static byte[] duplicate(Random random, byte[] file, int header) {
        int from = random.nextInt(header);
        int length = Math.min(1 + random.nextInt(64), file.length - from);
        int to = from + length;
        byte[] damaged = Arrays.copyOf(file, file.length + length);
        System.arraycopy(file, from, damaged, to, file.length - from);
        return damaged;
    }

    private static byte[] cut(Random random, byte[] file, int header) {
        int from = random.nextInt(header);
        int length = Math.min(1 + random.nextInt(64), file.length - from);
        byte[] damaged = Arrays.copyOf(file, file.length - length);
        System.arraycopy(file, from + length, damaged, from, file.length - from - length);
        return damaged;
    }

    /// Writes a file for one case under a new name, since earlier ones may still be mapped.
    public static Path write(Path folder, String suffix, byte[] bytes) {
        try {
            return Files.write(folder.resolve("case" + System.nanoTime() + suffix), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The bytes that this thread has allocated on the heap so far.
    public static long allocatedBytes() {
        return THREADS.getCurrentThreadAllocatedBytes();
    }
}
