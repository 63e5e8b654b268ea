package glia.kernels.asm;

import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Op.Form;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/// Instructions with awkward operands, as text for the system's assembler and as bytes of `Assembler`: high registers,
/// bases that need a SIB byte or a displacement, displacements of each size, broadcasts and masks.
final class Cases {
    /// @param text Intel's syntax
    record Case(String text, byte[] bytes) {
        String hex() {
            return java.util.HexFormat.of().formatHex(bytes);
        }
    }

    private static final int[][] LOW = {{1, 2, 3}, {9, 10, 11}, {0, 15, 8}};
    private static final int[][] HIGH = {{1, 2, 3}, {17, 30, 9}, {31, 16, 24}};

    private final List<Case> cases = new ArrayList<>();
    private int next;

    private Cases() { }

    /// The cases whose bytes are listed.
    static List<Case> listed() {
        var cases = new Cases();
        for (Op op : Op.values()) {
            cases.of(op);
        }
        GeneralCases.addTo(cases.cases);
        return cases.cases;
    }

    /// Random operands for every instruction.
    static List<Case> random(Random random, int each) {
        var cases = new Cases();
        for (Op op : Op.values()) {
            for (int i = 0; i < each && op.form != Form.NONE; i++) {
                cases.random(op, random);
            }
        }
        return cases.cases;
    }

    private static int[] sizes(Op op) {
        return switch (op.form) {
            case NONE, KG, GK, KK, RG, GR -> new int[] {16};
            default -> java.util.stream.IntStream.of(16, 32, 64)
                    .filter(size -> size >= op.minBytes && (op.kind != Op.Kind.VEX || size < 64)
                            && (op != Op.VBROADCASTF128 && op != Op.VBROADCASTI32X4 || size > 16)).toArray();
        };
    }

    private static boolean takesOnlyMemory(Op op) {
        return op == Op.VBROADCASTF128 || op == Op.VBROADCASTI32X4 || op.form == Form.RVN;
    }

    private static boolean takesMasks(Op op) {
        return op.kind != Op.Kind.VEX && op.form != Form.RK && op.form != Form.KM && op.form != Form.KK
                && op.form != Form.RG && op.form != Form.GR;
    }

    /// Short displacements, long ones, and ones that are no multiples of a broadcast's or vector's size.
    static List<Mem> memories(int n) {
        return List.of(at(Gpr.RAX), at(Gpr.RBP), at(Gpr.R13), at(Gpr.RSP), at(Gpr.R12), at(Gpr.RDI, n),
                at(Gpr.R8, 127 * n), at(Gpr.RSI, -128 * n), at(Gpr.RBX, 128 * n), at(Gpr.RCX, n + 1),
                at(Gpr.RSP, Gpr.RCX, 4, n), at(Gpr.R12, Gpr.R13, 8, -5), at(Gpr.RBP, Gpr.RAX, 1, 0),
                at(Gpr.R13, Gpr.R12, 2, 70_000), at(Gpr.R9, Gpr.R15, 8, -70_000));
    }

    private void of(Op op) {
        if (op.form == Form.NONE) {
            add(op, 16);
            return;
        }
        int[] sizes = sizes(op);
        for (int size : sizes) {
            boolean onlyMemory = takesOnlyMemory(op);
            int[][] numbers = op.kind == Op.Kind.VEX ? LOW : HIGH;
            int[] n = numbers[next++ % 3];
            if (!onlyMemory) {
                add(op, size, operands(op, size, n, register(op, size, n[2])));
            }
            if (op.form.takesMemory()) {
                List<Mem> memories = memories(op.tuple.bytes(size));
                int count = size == sizes[sizes.length - 1] ? 4 : 1;
                for (int i = 0; i < count; i++) {
                    add(op, size, operands(op, size, numbers[next % 3], memories.get(next * 7 % memories.size())));
                    next++;
                }
            }
        }
        int size = sizes[sizes.length - 1];
        if (op.kind != Op.Kind.VEX && op.tuple.broadcastBytes() != 0) {
            int unit = op.tuple.broadcastBytes();
            add(op, size, operands(op, size, HIGH[next++ % 3], at(Gpr.RSI, 127 * unit).toAll()));
            add(op, size, operands(op, size, HIGH[next++ % 3], at(Gpr.R13, Gpr.RDX, 8, unit + 1).toAll()));
        }
        if (takesMasks(op)) {
            Operand[] masked = operands(op, size, HIGH[next++ % 3],
                    op.form.takesMemory() ? at(Gpr.R9, 3) : register(op, size, 5));
            addMasked(op, size, masked, Mask.K7, false);
            if (masked[0] instanceof Vec && op.form != Form.MR) {
                addMasked(op, size, masked, Mask.K1, true);
            }
        }
    }

    private void random(Op op, Random random) {
        int[] sizes = sizes(op);
        int size = sizes[random.nextInt(sizes.length)];
        int most = op.kind == Op.Kind.VEX || op.form == Form.GK || op.form == Form.KG ? 16 : 32;
        int[] n = random.ints(3, 0, most).toArray();
        Operand rm = op.form.rm == null ? null : register(op, size, n[2]);
        boolean onlyMemory = takesOnlyMemory(op);
        if (op.form.takesMemory() && (onlyMemory || random.nextBoolean())) {
            Gpr[] all = Gpr.values();
            Gpr index = all[random.nextInt(16)];
            int unit = random.nextBoolean() ? op.tuple.bytes(size) : random.nextBoolean() ? 4 : 1;
            int displacement = unit * (random.nextInt(random.nextBoolean() ? 300 : 100_000) - 150);
            Mem m = index == Gpr.RSP ? at(all[random.nextInt(16)], displacement)
                    : at(all[random.nextInt(16)], index, 1 << random.nextInt(4), displacement);
            boolean broadcasts = op.kind != Op.Kind.VEX && op.tuple.broadcastBytes() != 0;
            rm = broadcasts && random.nextBoolean() ? m.toAll() : m;
        }
        Operand[] operands = operands(op, size, n, rm);
        if (takesMasks(op) && random.nextInt(3) == 0 && !(operands[0] instanceof Mask)) {
            addMasked(op, size, operands, Mask.values()[1 + random.nextInt(7)],
                    operands[0] instanceof Vec && random.nextBoolean());
        } else {
            add(op, size, operands);
        }
    }

    /// A register in place of `rm`.
    private static Operand register(Op op, int size, int number) {
        return op.form.rm == Gpr.class ? Gpr.values()[number % 16]
                : op.form.rm == Mask.class ? Mask.values()[number % 8]
                : new Vec(number, Math.max(16, op.tuple.bytes(size)), Mask.K0, false);
    }

    private static Operand[] operands(Op op, int size, int[] n, Operand rm) {
        List<Operand> operands = new ArrayList<>();
        if (op.form.reg == Vec.class) {
            operands.add(new Vec(n[0], op.form == Form.NARROW ? Math.max(16, size / 2) : size, Mask.K0, false));
        } else if (op.form.reg == Mask.class) {
            operands.add(Mask.values()[n[0] % 8]);
        } else if (op.form.reg == Gpr.class) {
            operands.add(Gpr.values()[n[0] % 16]);
        }
        if (op.form.hasV) {
            operands.add(new Vec(n[1], size, Mask.K0, false));
        }
        operands.add(op.form.rmFirst ? 0 : operands.size(), rm);
        if (op.form == Form.RVMR) {
            operands.add(new Vec((n[0] + n[1]) % 16, size, Mask.K0, false));
        }
        return operands.toArray(Operand[]::new);
    }

    private void addMasked(Op op, int size, Operand[] operands, Mask mask, boolean zeroing) {
        operands[0] = switch (operands[0]) {
            case Vec v -> zeroing ? v.zeroUnder(mask) : v.under(mask);
            case Mem m -> m.under(mask);
            case Operand other -> other;
        };
        add(op, size, operands);
    }

    private void add(Op op, int size, Operand... operands) {
        Operand[] all = operands;
        if (op.form == Form.RVN && next % 2 == 0) {
            all = new Operand[] {all[2], all[1], all[0]};
        } else if (op.storeOpcode >= 0 && next % 2 == 0 && all[0] instanceof Vec stored && !stored.zeroing()
                && all[1] instanceof Mem m) {
            all = new Operand[] {m.under(stored.mask()), new Vec(stored.number(), stored.bytes(), Mask.K0, false)};
        }
        var a = new Assembler();
        int immediate = 0x35 + next % 3;
        Operand[] given = all;
        if (!op.hasImmediate) {
            a.op(op, given);
        } else if (given.length == 2) {
            a.op(op, given[0], given[1], immediate);
        } else {
            a.op(op, given[0], given[1], given[2], immediate);
        }
        cases.add(new Case(text(op, size, given) + (op.hasImmediate ? ", " + immediate : ""), a.toBytes()));
    }

    private static String text(Op op, int size, Operand[] operands) {
        String mnemonic = op.mnemonic();
        // The assembler would swap operands where that saves a byte, and use AVX-512 for the dot product.
        String choice = op == Op.VPDPBUSD_VEX ? "{vex} " : op.form == Form.RVM || op.form == Form.RM
                || op.form == Form.NARROW ? "{load} " : "";
        var text = new StringBuilder(choice + mnemonic);
        boolean half = op.form == Form.KG || op.form == Form.GK || op.form == Form.RG || op.form == Form.GR
                || op.form == Form.BG || op.form == Form.GV;
        for (int i = 0; i < operands.length; i++) {
            text.append(i == 0 ? " " : ", ");
            text.append(switch (operands[i]) {
                case Gpr g -> half && op.w == 0 ? GeneralCases.name32(g) : g.toString();
                case Mem m -> m.text(size / Math.max(1, op.tuple.broadcastBytes()));
                case Operand other -> other.toString();
            });
        }
        return text.toString();
    }

    static Case general(String text, Consumer<AmxAssembler> code) {
        var a = new AmxAssembler();
        code.accept(a);
        return new Case(text, a.toBytes());
    }
}
