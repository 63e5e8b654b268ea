package glia.lab.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.lab.eval.EvalItem.Choice;
import glia.lab.eval.EvalItem.Generation;
import glia.lab.eval.EvalItem.Text;
import glia.lab.eval.EvalTask.Kind;
import glia.lab.eval.EvalTask.Settings;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// A task that is made in Java is refused where one in a file is.
class EvalTaskTest {
    private static final Choice CHOICE = new Choice("c", "a", List.of("b", "c"), 1);

    private static EvalTask task(Kind kind, Settings settings, EvalItem... items) {
        return new EvalTask("mine", kind, settings, List.of(items), List.of());
    }

    private static void refused(String part, Executable made) {
        String message = assertThrows(IllegalArgumentException.class, made).getMessage();
        assertTrue(message.contains(part), message);
    }

    @Test
    void itemsThatCannotBeScoredAreRefused() {
        refused("[]", () -> new Choice("1", "a", List.of(), 0));
        refused("[b]", () -> new Choice("1", "a", List.of("b"), 0));
        refused("[, b]", () -> new Choice("1", "a", List.of("", "b"), 0));
        refused("is 2, expected 0 to 1", () -> new Choice("1", "a", List.of("b", "c"), 2));
        refused("is -1, expected 0 to 1", () -> new Choice("1", "a", List.of("b", "c"), -1));
        refused("item 7 has no answers", () -> new Generation("7", "a", List.of()));
        refused("item 7 is empty", () -> new Text("7", ""));
    }

    @Test
    void tasksThatCannotBeRunAreRefused() {
        refused("no items", () -> task(Kind.TEXT, Settings.DEFAULTS));
        refused("item c of the task mine is of the kind CHOICE, expected TEXT",
                () -> task(Kind.TEXT, Settings.DEFAULTS, new Text("1", "x"), CHOICE));
        refused("of the kind TEXT, expected CHOICE", () -> new EvalTask("mine", Kind.CHOICE, Settings.DEFAULTS,
                List.of(CHOICE), List.of(new Text("1", "x"))));
        refused("the id c", () -> task(Kind.CHOICE, Settings.DEFAULTS, CHOICE, CHOICE));
        refused("0 examples, fewer than 2 shots", () -> task(Kind.CHOICE, Settings.DEFAULTS.withShots(2), CHOICE));
        refused("-1 shots", () -> Settings.DEFAULTS.withShots(-1));
        refused("no items", () -> task(Kind.CHOICE, Settings.DEFAULTS, CHOICE).limited(0));
        assertEquals(1, task(Kind.CHOICE, Settings.DEFAULTS, CHOICE).limited(5).items().size());
    }
}
