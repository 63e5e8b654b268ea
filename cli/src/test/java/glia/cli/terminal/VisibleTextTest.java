package glia.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class VisibleTextTest {
    private static final String HOSTILE = "a\033]0;title\007\033[2Jb\u009b31m\u202ec\u2066\b\rd\177";
    private static final String VISIBLE =
            "a\\x1b]0;title\\x07\\x1b[2Jb\\u009b31m\\u202ec\\u2066\\x08\\x0dd\\u007f";

    @Test
    void controlCharactersAreWrittenOut() {
        assertEquals(VISIBLE, VisibleText.of(HOSTILE));
        assertEquals(VISIBLE, VisibleText.of(VISIBLE));
        assertEquals("\\x00", VisibleText.of("\0"));
        for (char c = 0; c < 0xffff; c++) {
            boolean stays = c == '\n' || c == '\t'
                    || !Character.isISOControl(c) && !(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
            assertEquals(stays, VisibleText.of("x" + c + "y").equals("x" + c + "y"), Integer.toHexString(c));
        }
    }

    @Test
    void textWithoutControlCharactersStays() {
        String text = "Grüße,\n\t日本 👩‍👩‍👧 שלום\r\n";
        assertSame(text, VisibleText.of(text));
        assertEquals("one\\ntwo\\t\\x1b", VisibleText.line("one\ntwo\t\033"));
    }

    @Test
    void nothingPrintedReachesATerminalAsAControlCharacter() {
        String[] printed = new String[2];
        for (boolean isTerminal : new boolean[] {true, false}) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            PrintStream out = Output.to(bytes, StandardCharsets.UTF_8, isTerminal);
            out.print(HOSTILE);
            out.println(HOSTILE);
            out.print(HOSTILE.toCharArray());
            out.println(HOSTILE.toCharArray());
            out.print((Object) HOSTILE);
            out.println((Object) HOSTILE);
            out.print('\033');
            out.println('\033');
            out.append(HOSTILE).append(HOSTILE, 1, 5).append('\033');
            out.printf(Locale.ROOT, "%s", HOSTILE);
            out.format("%s", HOSTILE);
            new Exception(HOSTILE).printStackTrace(out);
            out.print((String) null);
            out.flush();
            printed[isTerminal ? 1 : 0] = bytes.toString(StandardCharsets.UTF_8);
        }
        assertTrue(printed[1].codePoints().allMatch(c -> c == '\n' || c == '\t' || c == '\r'
                || !Character.isISOControl(c) && c != 0x202e && c != 0x2066), printed[1]);
        assertEquals(VisibleText.of(printed[0]), printed[1], "elsewhere it is as it was");
        assertTrue(printed[0].contains(HOSTILE));
    }

    @Test
    void theProgramsOwnStylingPasses() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = Output.to(bytes, StandardCharsets.UTF_8, true);
        Console console = new Console(new ByteArrayInputStream(new byte[0]), out, out, true, true, true, 80, true);
        console.printDim(out, "a\033b");
        console.printBold("c");
        console.clearProgress();
        out.flush();
        assertEquals("\033[2ma\\x1bb\033[0m\n\033[1mc\033[0m\r\033[K",
                bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n"));
    }

    @Test
    void tablesAreLaidOutAsTheyAreShown() {
        assertEquals("a\\x1b[31m  1\nb\\nc       2\n", new Table("lr").row("a\033[31m", 1).row("b\nc", 2).text(0));
    }
}
