package glia.reason.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.json.JsonValues;
import glia.io.yaml.YamlDocument;
import glia.reason.task.Split;
import glia.reason.task.TaskSet;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeExtension.DataGenerator.Lines;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TraceDataTest {
    private static final ReasonerRecipes.TraceData DATA = new ReasonerRecipes.TraceData();

    private static Object line(Lines lines, long index) throws Exception {
        return JsonValues.parse(lines.line().apply(index));
    }

    @Test
    void linesAreTheTracesOfTheTask() throws Exception {
        Lines lines = DATA.parse("countdown:1-3 count=7 quality=ordered:2,direct:1 verify=0.5 slips=0.25 attempts=3 "
                + "split=held-out seed=-5 start=40");
        TraceOptions options = TraceOptions.MIXED.withQuality("ordered:2,direct:1").with(0.5, 0.25, 3);
        TraceSet set = new TraceSet(TaskSet.of("countdown:1-3", -5), options);
        assertEquals(7, lines.count());
        assertEquals("traces-countdown-1-3", lines.name());
        for (int i = 0; i < 7; i++) {
            assertEquals(set.trace(Split.HELD_OUT, 40 + i).chat(), line(lines, i));
        }
        Lines defaults = DATA.parse("quadratic count=1");
        assertEquals(new TraceSet(TaskSet.of("quadratic", 0), TraceOptions.MIXED).trace(Split.TRAIN, 3).chat(),
                line(defaults, 3));
    }

    @Test
    void drillsAreQuestionsWithAnswers() throws Exception {
        Lines lines = DATA.parse(" drills:2  count=3 seed=9 start=2");
        List<Drills.Drill> drills = new Drills(2, 9).drills(4);
        List<?> messages = (List<?>) ((Map<?, ?>) line(lines, 2)).get("messages");
        assertEquals(2 * Drills.LINES, messages.size());
        for (int i = 0; i < Drills.LINES; i++) {
            assertEquals(Map.of("role", "user", "content", drills.get(i).question()), messages.get(2 * i));
            assertEquals(Map.of("role", "assistant", "content", drills.get(i).answer()), messages.get(2 * i + 1));
        }
        assertEquals(lines.line().apply(2), DATA.parse("drills:2 count=3 seed=9 start=4").line().apply(0));
    }

    @Test
    void mistakesAreNamed() {
        for (String[] each : new String[][] {
            {"countdown:4", "found no count=N"}, {"cuntdown count=1", "Did you mean countdown?"},
            {"countdown:9 count=1", "has the levels 1 to 5"}, {"countdown count=0", "from 1 to 100000000"},
            {"countdown count=1 verfy=1", "Did you mean verify?"}, {"countdown count=1 verify", "found 'verify'"},
            {"countdown count=1 count=2", "found count= twice"}, {"countdown count=1 verify=2", "a share from 0 to 1"},
            {"countdown count=1 slips=x", "found slips=x"}, {"countdown count=1 slips=", "found slips="},
            {"countdown count=1 quality=gess", "Did you mean guess?"}, {"countdown count=1 split=tests", "held-out"},
            {"countdown count=1 start=-1", "found start=-1"}, {"drills:4 count=1", "the levels 1 to 3"},
            {"drills:x count=1", "found the level 'x'"}, {"drills count=1 verify=1", "expected one of count=, seed="},
            {"", "found no count=N"}, {"countdown count=99999999999999999999", "expected a whole number"}}) {
            var e = assertThrows(IllegalArgumentException.class, () -> DATA.parse(each[0]), each[0]);
            assertTrue(e.getMessage().contains(each[1]), each[0] + ": " + e.getMessage());
        }
    }

    @Test
    void recipesNameTraces() throws Exception {
        String yaml = "task: sft\ndata:\n  train:\n    - \"traces:drills:%s count=5 * 0.5\"\n";
        assertEquals(Map.of("task", "sft", "data.train", List.of("traces:drills:2 count=5 * 0.5")),
                Recipe.of(YamlDocument.parse(Path.of("r.yaml"), yaml.formatted(2)), List.of()).values());
        var e = assertThrows(CheckpointException.class,
                () -> Recipe.of(YamlDocument.parse(Path.of("r.yaml"), yaml.formatted(7)), List.of()));
        assertEquals("r.yaml: line 3: key data.train: names 'traces:drills:7 count=5': found the level 7, but drills "
                + "have the levels 1 to 3", e.getMessage());
    }
}
