package glia.lab.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.lab.eval.EvalTask.Match;
import java.util.List;
import org.junit.jupiter.api.Test;

class RulerTest {
    private static EvalTask read(String name) throws Exception {
        return TaskFile.read(name);
    }

    /// Each text holds its answers and has the requested length.
    @Test
    void thirteenTasksAreGenerated() throws Exception {
        assertEquals(13, Ruler.names("ruler:1024").size());
        for (String name : Ruler.names("ruler:1024")) {
            EvalTask task = read(name);
            assertEquals(20, task.items().size());
            for (EvalItem item : task.items()) {
                EvalItem.Generation made = (EvalItem.Generation) item;
                int length = Ruler.length(made.prompt()) + task.settings().maxTokens();
                assertTrue(length <= 1024 && length > 800, name + " has " + length);
                assertEquals(1, task.settings().match().score(made.prompt(), made.answers()), name);
            }
            assertEquals(task.items(), read(name).items(), "the items are the same in each run");
        }
        assertTrue(((EvalItem.Generation) read("ruler:niah_single_1:4096").items().get(3)).prompt()
                .contains("A special magic number is hidden within the following text."));
    }

    @Test
    void aTaskThatIsNotThereIsNamed() {
        for (String wrong : List.of("ruler:vt", "ruler:vt:10", "ruler:other:4096", "ruler:", "ruler:vt:99999999")) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> read(wrong)).getMessage()
                    .contains("niah_single_1"), wrong);
        }
    }

    /// Scores of RULER's own scorer.
    @Test
    void scoresAreShares() {
        List<String> three = List.of("1234567", "7654321", "1111111");
        assertEquals(2 / 3.0, Match.ALL.score("1234567 and 7654321", three));
        assertEquals(1, Match.ANY.score("1234567 and 7654321", three));
        assertEquals(0, Match.ANY.score("no", three));
        assertEquals(1, Match.ALL.score("ABCDE, FGHIJ", List.of("abcde", "fghij")));
        assertEquals(1, Match.ALL.score("tap\u0000ped", List.of("tap\nped")));
        assertEquals(0, Match.ALL.score("  \u0007tap\u0000ped\n", List.of("tapped")));
        assertEquals(1, Match.ALL.score("\u0130stanbul", List.of("i\u0307stanbul")));
        assertEquals(0, Match.ALL.score("stra\u00dfe", List.of("STRASSE")));
    }
}
