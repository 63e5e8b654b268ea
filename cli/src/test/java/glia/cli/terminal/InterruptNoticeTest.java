package glia.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.answer.StreamedAnswer;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class InterruptNoticeTest {
    private final TestConsole console = new TestConsole("");

    @Test
    void nothingIsPromisedBeforeThereIsAnAnswer() {
        try (InterruptNotice notice = new InterruptNotice(console.console(), "the answer is incomplete")) {
            StreamedAnswer answer = new StreamedAnswer(console.console(), 0, false, notice::arm);
            notice.print();
            assertEquals("", console.err());
            answer.text("One");
            notice.print();
            assertEquals("\nglia: stopped; the answer is incomplete\n", console.err());
        }
    }

    @Test
    void aDownloadIsContinuedOnlyIfItHasBegun() {
        for (Consumer<ProgressDisplay> begin : List.<Consumer<ProgressDisplay>>of(
                display -> display.step("Pulling"), display -> display.advance("file", 1, 2))) {
            try (InterruptNotice notice = new InterruptNotice(console.console(), "again");
                    ProgressDisplay display = new ProgressDisplay(console.console()).arming(notice)) {
                int before = console.err().length();
                notice.print();
                assertEquals(before, console.err().length());
                begin.accept(display);
                notice.print();
                assertTrue(console.err().endsWith("\nglia: stopped; again\n"), console.err());
            }
        }
        assertFalse(console.err().isEmpty());
    }
}
