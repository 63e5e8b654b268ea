package glia.kernels.asm;

import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Operand.Vec.xmm;
import static glia.kernels.asm.Operand.Vec.ymm;
import static glia.kernels.asm.Operand.Vec.zmm;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class AssemblerTest {
    /// The output of GNU `as` 2.40: `hex text`, a line each.
    private static Map<String, String> listedBytes() throws IOException {
        try (InputStream in = AssemblerTest.class.getResourceAsStream("/asm/bytes.txt")) {
            Map<String, String> bytes = new HashMap<>();
            new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().forEach(line -> {
                int space = line.indexOf(' ');
                bytes.put(line.substring(space + 1), line.substring(0, space));
            });
            return bytes;
        }
    }

    @Test
    void everyInstructionHasTheListedBytes() throws IOException {
        Map<String, String> bytes = listedBytes();
        var complaints = new StringBuilder();
        for (Cases.Case c : Cases.listed()) {
            if (!c.hex().equals(bytes.get(c.text()))) {
                complaints.append('\n').append(c.text()).append(": ").append(bytes.get(c.text())).append(" expected, ")
                        .append(c.hex()).append(" found");
            }
        }
        assertEquals("", complaints.toString());
    }

    @Test
    void theListHoldsEveryInstructionAndNothingElse() throws IOException {
        Set<String> texts = Cases.listed().stream().map(Cases.Case::text).collect(Collectors.toSet());
        assertEquals(texts, listedBytes().keySet());
        Set<String> mnemonics = texts.stream().map(text -> text.replaceFirst("\\{\\w+} ", "").split(" ")[0])
                .collect(Collectors.toCollection(HashSet::new));
        for (Op op : Op.values()) {
            assertTrue(mnemonics.contains(op.mnemonic()), op + " is not listed");
        }
    }

    @Test
    void jumpsReachLabelsBeforeAndBehind() {
        var a = new Assembler();
        Label end = new Label();
        Label start = a.here();
        a.jump(Condition.EQUAL, end);
        a.jump(Condition.NOT_EQUAL, start);
        a.jump(end);
        a.jump(start);
        assertThrows(IllegalStateException.class, a::toBytes);
        a.bind(end);
        a.ret();
        assertArrayEquals(HexFormat.of().parseHex("0f8410000000" + "0f85f4ffffff" + "e905000000" + "e9eaffffff" + "c3"),
                a.toBytes());
        assertThrows(IllegalStateException.class, () -> a.bind(start));
    }

    private static void refused(Op op, Operand... operands) {
        var a = new Assembler();
        String message = assertThrows(IllegalArgumentException.class, () -> a.op(op, operands)).getMessage();
        assertTrue(message.startsWith(op + " cannot take "), message);
        assertEquals(0, a.sizeBytes());
    }

    @Test
    void rejectsUnsupportedOperands() {
        refused(Op.VADDPS, zmm(1), zmm(2));
        refused(Op.VADDPS, zmm(1), zmm(2), ymm(3));
        refused(Op.VADDPS, zmm(1), zmm(2), Gpr.RAX);
        refused(Op.VADDPS, zmm(1), zmm(2).under(Mask.K1), zmm(3));
        refused(Op.VADDPS, at(Gpr.RAX), zmm(2), zmm(3));
        refused(Op.VPAND, ymm(1), ymm(2), ymm(16));
        refused(Op.VPAND, ymm(1), ymm(2), at(Gpr.RAX).toAll());
        refused(Op.VPDPBUSD_VEX, zmm(1), zmm(2), zmm(3));
        refused(Op.VPADDB, zmm(1), zmm(2), at(Gpr.RAX).toAll());
        refused(Op.VPERMPS, xmm(1), xmm(2), xmm(3));
        refused(Op.VCVTPH2PS, zmm(1), zmm(2));
        refused(Op.VPBROADCASTD_GPR, zmm(1), at(Gpr.RAX));
        refused(Op.VMOVD, zmm(1), Gpr.RAX);
        assertThrows(IllegalArgumentException.class,
                () -> new Assembler().op(Op.VCMPPS_VEX, ymm(1), ymm(2), ymm(3).under(Mask.K2), 1));
        assertThrows(IllegalArgumentException.class, () -> new Assembler().op(Op.VPSRLD, zmm(1), zmm(2)));
        assertThrows(IllegalArgumentException.class, () -> new Assembler().op(Op.VADDPS, zmm(1), zmm(2), zmm(3), 1));
        assertThrows(IllegalArgumentException.class, () -> at(Gpr.RAX, Gpr.RSP, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> at(Gpr.RAX, Gpr.RBX, 3, 0));
        assertThrows(IllegalArgumentException.class, () -> zmm(32));
        assertThrows(IllegalArgumentException.class, () -> zmm(1).zeroUnder(Mask.K0));
    }
}
