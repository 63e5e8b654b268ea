package glia.tensor.format;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/// Stored bytes and numbers for the tests of formats and kernels.
public final class Fixtures {
    private Fixtures() { }

    static byte[] bytes(String name) {
        try (InputStream in = Fixtures.class.getResourceAsStream("/formats/" + name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static float[] floats(String name) {
        return MemorySegment.ofArray(bytes(name)).toArray(Memory.F32);
    }

    /// A tensor of one row over a copy of these bytes, at an odd address.
    static Tensor tensor(Arena arena, DType type, byte[] stored) {
        MemorySegment memory = arena.allocate(stored.length + 1, 64).asSlice(1);
        MemorySegment.copy(stored, 0, memory, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, stored.length);
        return Tensor.of(type, memory, (long) stored.length / type.blockBytes() * type.blockElements());
    }

    /// A matrix of random numbers of ordinary size (about -1 to 1) in any real type, at an odd address.
    public static Tensor random(Arena arena, DType type, int rows, int cols, long seed) {
        Random random = new Random(seed);
        byte[] stored = new byte[Math.toIntExact(rows * type.bytes(cols))];
        random.nextBytes(stored);
        Tensor flat = tensor(arena, type, stored);
        for (long block = flat.address(); block < flat.address() + stored.length; block += type.blockBytes()) {
            tame(type, block, random);
        }
        return Tensor.of(type, flat.memory(), rows, cols);
    }

    /// Makes the random bytes of one block stand for finite numbers of ordinary size.
    private static void tame(DType type, long block, Random random) {
        float scale = 0.5f + random.nextFloat();
        switch (type) {
            case F64 -> Memory.ALL.set(Memory.F64, block, random.nextGaussian());
            case F32 -> Memory.f32(block, (float) random.nextGaussian());
            case F16 -> Memory.f16(block, (float) random.nextGaussian());
            case BF16 -> Memory.ALL.set(Memory.I16, block,
                    (short) (Float.floatToIntBits((float) random.nextGaussian()) >> 16));
            case F8_E4M3, F8_E5M2 -> Memory.i8(block, random.nextInt(0x38) + (random.nextBoolean() ? 128 : 0));
            case F8_E8M0 -> Memory.i8(block, 120 + random.nextInt(8));
            case Q8_0 -> Memory.f16(block, scale / 127);
            case Q4_0 -> Memory.f16(block, scale / 8);
            case Q5_0 -> Memory.f16(block, scale / 16);
            case Q4_1, Q5_1 -> {
                Memory.f16(block, scale / (type == DType.Q4_1 ? 8 : 16));
                Memory.f16(block + 2, -scale);
            }
            case MXFP4 -> Memory.i8(block, 122 + random.nextInt(4));
            case Q2_K -> {
                Memory.f16(block + 80, scale / 32);
                Memory.f16(block + 82, scale / 16);
            }
            case Q3_K -> Memory.f16(block + 108, scale / 64);
            case Q4_K, Q5_K -> {
                Memory.f16(block, scale / (type == DType.Q4_K ? 256 : 512));
                Memory.f16(block + 2, scale / 32);
            }
            case Q6_K -> Memory.f16(block + 208, scale / 2048);
            default -> throw new IllegalArgumentException(type + " holds no real numbers");
        }
    }

    /// Equal bits, where all NaNs are equal.
    public static void assertSameBits(float[] expected, float[] found) {
        assertEquals(expected.length, found.length);
        for (int i = 0; i < expected.length; i++) {
            int at = i;
            assertEquals(Float.floatToIntBits(expected[i]), Float.floatToIntBits(found[i]),
                    () -> "number " + at + ": " + expected[at] + " expected, " + found[at] + " found");
        }
    }
}
