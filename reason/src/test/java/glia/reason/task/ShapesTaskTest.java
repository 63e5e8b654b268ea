package glia.reason.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.picture.Picture;
import glia.io.picture.Pixels;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ShapesTaskTest {
    private static final List<String> PLACES = List.of("top left", "top center", "top right", "middle left",
            "middle center", "middle right", "bottom left", "bottom center", "bottom right");
    private static final ShapesTask TASK = new ShapesTask();

    /// What the pixels of a drawing show: the shapes that its fields name, in their places, sizes and colours.
    @Test
    void theDrawingShowsTheShapesOfTheAnswer() {
        Set<String> kinds = new TreeSet<>();
        for (int i = 0; i < 60; i++) {
            Problem problem = TaskSet.of("shapes:1-3", 3).problem(Split.TRAIN, i);
            Pixels pixels = problem.pictures().getFirst().pixels();
            List<String> shapes = Fields.texts(problem.fields(), "shapes");
            kinds.add(Fields.text(problem.fields(), "kind"));
            for (int place = 0; place < PLACES.size(); place++) {
                int cell = place;
                int[] count = new int[3];
                for (int pixel = 0; pixel < 256; pixel++) {
                    int x = cell % 3 * 16 + pixel % 16;
                    int y = cell / 3 * 16 + pixel / 16;
                    List<Integer> rgb = IntStream.range(0, 3).map(c -> pixels.get(x, y, c)).boxed().toList();
                    int most = IntStream.range(0, 3).reduce(0, (a, b) -> rgb.get(b) > rgb.get(a) ? b : a);
                    count[most] += rgb.stream().allMatch(v -> v == 255) ? 0 : 1;
                }
                List<String> here = shapes.stream().filter(s -> s.endsWith("at the " + PLACES.get(cell))).toList();
                assertTrue(here.size() <= 1);
                int drawn = IntStream.of(count).sum();
                assertEquals(here.isEmpty(), drawn == 0, problem.toString());
                if (!here.isEmpty()) {
                    String[] words = here.getFirst().split(" ");
                    assertEquals(drawn, count[List.of("red", "green", "blue").indexOf(words[1])], here.toString());
                    assertEquals(words[0].equals("large"), drawn > 64, here + " has " + drawn + " pixels");
                }
            }
        }
        assertEquals(Set.of("count", "compare", "locate"), kinds);
    }

    /// The same shapes in the same places are on one side, wherever in their places they are and whatever is asked.
    @Test
    void splitsShareNoDrawing() {
        Map<Split, Set<String>> drawings = new EnumMap<>(Split.class);
        Map<Split, Set<Picture>> pictures = new EnumMap<>(Split.class);
        for (Split split : Split.values()) {
            drawings.put(split, new HashSet<>());
            pictures.put(split, new HashSet<>());
            for (int i = 0; i < 300; i++) {
                Problem problem = TaskSet.of("shapes:1", i % 3).problem(split, i);
                drawings.get(split).add(problem.canonical());
                assertEquals(String.join(", ", Fields.texts(problem.fields(), "shapes")), problem.canonical());
                pictures.get(split).addAll(problem.pictures());
            }
            assertTrue(pictures.get(split).size() > 250);
        }
        for (Split[] pair : new Split[][] {{Split.TRAIN, Split.HELD_OUT}, {Split.TRAIN, Split.VALIDATION},
            {Split.TRAIN, Split.TEST}, {Split.VALIDATION, Split.TEST}}) {
            assertTrue(Collections.disjoint(drawings.get(pair[0]), drawings.get(pair[1])));
            assertTrue(Collections.disjoint(pictures.get(pair[0]), pictures.get(pair[1])));
        }
    }

    @ParameterizedTest
    @CsvSource({"3, 3", "Three., 3", "There are 3 shapes, 3", "The red circle., red circle", "red circles, red circle",
        "At the top left, top left", "left top, top left", "upper-left corner, top left", "Equal, equal",
        "the blue shapes are more, blue", "The answer is 12, 12"})
    void answersAreReadAsMeant(String text, String expected) {
        assertEquals(expected, TASK.finalAnswer(text).orElse(""));
    }

    @ParameterizedTest
    @CsvSource({"not red", "3 or 4?", "'3, 4'", "maybe 3", "-3", "3.5", "the", "1234", "red circle!"})
    void whatIsNoAnswerIsNotRead(String text) {
        assertTrue(TASK.finalAnswer(text).isEmpty(), text);
    }

    private static JsonNode line(String text, int index) {
        return JsonMapper.shared().readTree(new ProblemData().parse(text).line().apply(index));
    }

    @Test
    void problemsAreTrainingDataOfChatsAndPairs() {
        JsonNode chat = line("shapes:2 count=5 seed=4", 1);
        Problem problem = TaskSet.of("shapes:2", 4).problem(Split.TRAIN, 1);
        JsonNode content = chat.path("messages").path(0).path("content");
        assertEquals(problem.pictures().getFirst(), Picture.ofBase64("", content.path(0).path("image_url").path("url")
                .asString(), Picture.Limits.DEFAULT));
        assertEquals(problem.prompt(), content.path(1).path("text").asString());
        assertEquals(problem.answer(), chat.path("messages").path(1).path("content").asString());
        JsonNode shuffled = line("shapes:2 count=5 seed=4 pictures=shuffled", 1);
        assertNotEquals(content.path(0), shuffled.path("messages").path(0).path("content").path(0));
        assertEquals(line("shapes:2 count=5 seed=4", 2).path("messages").path(0).path("content").path(0),
                shuffled.path("messages").path(0).path("content").path(0));
        for (String task : List.of("shapes:1", "quadratic", "shapes:1,countdown:1")) {
            for (int i = 0; i < 6; i++) {
                JsonNode pair = line(task + " count=6 format=pair", i);
                Problem own = TaskMix.of(task, 0).problem(Split.TRAIN, i);
                assertEquals(own.answer(), pair.path("chosen").asString());
                Task its = Tasks.named(own.id().replaceFirst("/.*", ""));
                assertFalse(its.finalAnswer(pair.path("rejected").asString()).filter(a -> its.isRight(a, own.fields()))
                        .isPresent(), pair.toString());
            }
        }
        assertTrue(line("quadratic count=1", 0).path("messages").path(0).path("content").isString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"shapes|found no count=N",
        "shapes count=3 format=pairs|expected chat or pair or draw",
        "shape count=3|Did you mean shapes?", "shapes count=1 split=tests|is not a split",
        "shapes count=1 pictures=none|expected own or shuffled"})
    void wrongFormsAreNamed(String text, String part) {
        String message = assertThrows(IllegalArgumentException.class, () -> new ProblemData().parse(text)).getMessage();
        assertTrue(message.contains(part), message);
    }
}
