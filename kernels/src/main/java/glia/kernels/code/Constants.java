package glia.kernels.code;

import static glia.kernels.asm.Mem.at;

import glia.tensor.Memory;
import glia.kernels.asm.Assembler;
import glia.kernels.asm.Gpr;
import glia.kernels.asm.Mem;
import glia.kernels.asm.Op;
import glia.kernels.asm.Vec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/// Numbers that emitted code reads from memory, each as an operand, which costs about as little as a register.
/// The code finds them through one register, which `load` sets at its beginning; several functions may share an object.
public final class Constants {
    private static final int CAPACITY_BYTES = 2048;

    private final MemorySegment memory;
    private final Gpr base;
    private final IsaLevel level;
    private final Map<Integer, Mem> numbers = new HashMap<>();
    private int sizeBytes;

    /// @param arena what the functions live in, too
    /// @param base the register that holds the numbers' address while the code runs
    /// @param level what the functions are for
    public Constants(Arena arena, Gpr base, IsaLevel level) {
        memory = arena.allocate(CAPACITY_BYTES, 64);
        this.base = base;
        this.level = level;
    }

    /// Emits what makes the numbers reachable: the operands hold from there on.
    public void load(Assembler a) {
        a.mov(base, memory.address());
    }

    /// A number for all lanes.
    public Mem of(float number) {
        return of(Float.floatToRawIntBits(number));
    }

    /// 32 bits for all lanes.
    public Mem of(int bits) {
        Mem known = numbers.get(bits);
        if (known != null) {
            return known;
        }
        // Where instructions cannot spread a number, it lies there as often as a vector has lanes.
        boolean spreads = level.isWide();
        int times = spreads ? 1 : level.lanes;
        Mem mem = at(base, place(4 * times));
        for (int i = 0; i < times; i++) {
            memory.set(Memory.I32, mem.displacement() + 4 * i, bits);
        }
        mem = spreads ? mem.toAll() : mem;
        numbers.put(bits, mem);
        return mem;
    }

    /// Emits `to = number` for all lanes.
    public void fill(Assembler a, Vec to, float number) {
        Mem mem = of(number);
        a.op(Op.VBROADCASTSS, to, at(base, mem.displacement()));
    }

    /// These numbers, one behind the other.
    public Mem vector(int... lanes) {
        Mem mem = at(base, place(4 * lanes.length));
        MemorySegment.copy(lanes, 0, memory, Memory.I32, mem.displacement(), lanes.length);
        return mem;
    }

    /// Two lanes of 64 bits, both this number.
    public Mem doubles(double number) {
        long bits = Double.doubleToRawLongBits(number);
        return vector((int) bits, (int) (bits >> 32), (int) bits, (int) (bits >> 32));
    }

    /// Emits `to = number` for all lanes of 64 bits.
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
