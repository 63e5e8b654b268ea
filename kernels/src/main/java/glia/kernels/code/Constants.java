package glia.kernels.code;

import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.tensor.Memory;
import glia.kernels.asm.Assembler;
import glia.kernels.asm.Op;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/// Constants that emitted code reads as memory operands, which cost about as little as registers. The code addresses
/// them through one register, set by `load`; several functions may share an object.
public final class Constants {
    private static final int CAPACITY_BYTES = 2048;

    private final MemorySegment memory;
    private final Gpr base;
    private final IsaLevel level;
    private final Map<Integer, Mem> numbers = new HashMap<>();
    private int sizeBytes;

    /// @param arena the arena of the functions
    /// @param base the register that holds the constants' address while the code runs
    /// @param level the instruction-set level of the functions
    public Constants(Arena arena, Gpr base, IsaLevel level) {
        memory = arena.allocate(CAPACITY_BYTES, 64);
        this.base = base;
        this.level = level;
    }

    /// Emits the load of the base register; the operands are valid after it.
    public void load(Assembler a) {
        a.mov(base, memory.address());
    }

    /// A float in all lanes.
    public Mem of(float number) {
        return of(Float.floatToRawIntBits(number));
    }

    /// 32 bits in all lanes.
    public Mem of(int bits) {
        Mem known = numbers.get(bits);
        if (known != null) {
            return known;
        }
        // Without broadcast operands a constant is stored once for each lane.
        boolean broadcasts = level.isWide();
        int times = broadcasts ? 1 : level.lanes;
        Mem mem = at(base, place(4 * times));
        for (int i = 0; i < times; i++) {
            memory.set(Memory.I32, mem.displacement() + 4 * i, bits);
        }
        mem = broadcasts ? mem.toAll() : mem;
        numbers.put(bits, mem);
        return mem;
    }

    /// Emits `to = number` for all lanes.
    public void fill(Assembler a, Vec to, float number) {
        Mem mem = of(number);
        a.op(Op.VBROADCASTSS, to, at(base, mem.displacement()));
    }

    /// A vector of these lanes.
    public Mem vector(int... lanes) {
        Mem mem = at(base, place(4 * lanes.length));
        MemorySegment.copy(lanes, 0, memory, Memory.I32, mem.displacement(), lanes.length);
        return mem;
    }

    /// A 64-bit float in two lanes.
    public Mem doubles(double number) {
        long bits = Double.doubleToRawLongBits(number);
        return vector((int) bits, (int) (bits >> 32), (int) bits, (int) (bits >> 32));
    }

    /// Emits `to = number` for all 64-bit lanes.
    public void fillDoubles(Assembler a, Vec to, double number) {
        a.op(Op.VBROADCASTSD, to, at(base, doubles(number).displacement()));
    }

    private int place(int bytes) {
        int at = sizeBytes;
        sizeBytes += bytes;
        if (sizeBytes > CAPACITY_BYTES) {
            throw new IllegalStateException("more than " + CAPACITY_BYTES + " bytes of constants");
        }
        return at;
    }
}
