package glia.lab.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.lab.eval.EvalTask.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TaskFileTest {
    private static final String CHOICE = "{'task': 'x', 'kind': 'choice'}";
    private static final String ITEM = "{'context': 'a', 'choices': ['b', 'c'], 'answer': 1}";

    @TempDir
    private Path folder;

    private Path file(String... lines) throws IOException {
        return Files.writeString(folder.resolve("task.jsonl"), String.join("\n", lines).replace('\'', '"') + "\n");
    }

    private String error(String... lines) throws IOException {
        Path file = file(lines);
        String message = assertThrows(CheckpointException.class, () -> TaskFile.read(file.toString())).getMessage();
        assertTrue(message.startsWith(file + ": "), message);
        return message.substring(file.toString().length() + 2);
    }

    @Test
    void builtInTasksAreWhole() throws Exception {
        List<Integer> sizes = List.of(100, 40, 40, 8);
        for (int i = 0; i < sizes.size(); i++) {
            EvalTask task = TaskFile.read(TaskFile.BUILT_IN.get(i));
            assertEquals(TaskFile.BUILT_IN.get(i), task.name());
            assertEquals(sizes.get(i), task.items().size());
        }
        assertEquals(GeneratedTasks.arithmetic(), resource("arithmetic"));
        assertEquals(GeneratedTasks.strings(), resource("strings"));
    }

    private static String resource(String task) throws IOException {
        try (var in = TaskFile.class.getResourceAsStream(task + ".jsonl")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void settingsAndItemsAreRead() throws Exception {
        EvalTask task = TaskFile.read(file("{'task': 'x', 'kind': 'generate', 'shots': 1, 'chat': true, 'system': 's', "
                + "'stop': ['.'], 'max_tokens': 5, 'normalize': ['case', 'strip'], 'delimiter': '', 'separator': '-'}",
                "", "{'id': 'e', 'example': true, 'prompt': 'p', 'answer': 'q'}",
                "{'prompt': 'p', 'answers': ['a', 'b']}").toString());
        assertEquals(new EvalTask("x", Kind.GENERATE, new EvalTask.Settings(1, "", "-", EvalTask.Score.SUM,
                List.of("."), 5, List.of(Normalization.CASE, Normalization.STRIP), true, "s"),
                List.of(new EvalItem.Generation("4", "p", List.of("a", "b"))),
                List.of(new EvalItem.Generation("e", "p", List.of("q")))), task);
        EvalTask choice = TaskFile.read(file(CHOICE, ITEM,
                "{'context': 'a', 'choices': ['b', 'c'], 'answer': 'b'}").toString());
        assertEquals(List.of(1, 0), choice.items().stream().map(i -> ((EvalItem.Choice) i).answer()).toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "line 1: kind: found \"chioce\", expected one of text, choice, generate. Did you mean choice?"
                + "|{'task': 'x', 'kind': 'chioce'}",
        "line 1: found no key \"task\"|{'kind': 'choice'}",
        "line 1: task: found 1, expected a string|{'task': 1, 'kind': 'choice'}",
        "line 1: found the key \"tasks\"|{'tasks': 'x', 'kind': 'choice'}",
        "line 1: score: found \"bits\"|{'task': 'x', 'kind': 'choice', 'score': 'bits'}",
        "line 1: stop: does not fit the kind choice|{'task': 'x', 'kind': 'choice', 'stop': ['.']}",
        "line 1: shots: does not fit the kind text|{'task': 'x', 'kind': 'text', 'shots': 1}",
        "line 1: shots: found -1|{'task': 'x', 'kind': 'choice', 'shots': -1}",
        "line 1: shots: found 1, but only 0 lines|{'task': 'x', 'kind': 'choice', 'shots': 1}",
        "line 1: chat: found 1, expected true or false|{'task': 'x', 'kind': 'generate', 'chat': 1}",
        "line 1: system: has no effect|{'task': 'x', 'kind': 'generate', 'system': 's'}",
        "line 1: max_tokens: found 0|{'task': 'x', 'kind': 'generate', 'max_tokens': 0}",
        "line 1: normalize: found \"trim\"|{'task': 'x', 'kind': 'generate', 'normalize': ['trim']}",
        "line 1: stop: found an empty string|{'task': 'x', 'kind': 'generate', 'stop': ['']}",
        "element 1: found the key \"context\"|["})
    void settingsAreChecked(String expected, String head) throws IOException {
        String item = head.contains("generate") ? "{'prompt': 'p', 'answer': 'q'}"
                : head.contains("text") ? "{'text': 't'}" : ITEM;
        String message = error(head, item);
        assertTrue(message.startsWith(expected), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "line 3: found no key \"answer\"|{'context': 'a', 'choices': ['b', 'c']}",
        "line 3: answer: found 2, expected an integer from 0 to 1|{'context': 'a', 'choices': ['b', 'c'], 'answer': 2}",
        "line 3: answer: found true|{'context': 'a', 'choices': ['b', 'c'], 'answer': true}",
        "line 3: answer: found \"d\"|{'context': 'a', 'choices': ['b', 'c'], 'answer': 'd'}",
        "line 3: answer: found \"b\"|{'context': 'a', 'choices': ['b', 'b'], 'answer': 'b'}",
        "line 3: choices: found 1, expected at least 2|{'context': 'a', 'choices': ['b'], 'answer': 0}",
        "line 3: choices[1]: found 7|{'context': 'a', 'choices': ['b', 7], 'answer': 0}",
        "line 3: choices[0]: is empty|{'context': 'a', 'choices': ['', 'c'], 'answer': 0}",
        "line 3: choices: found \"bc\"|{'context': 'a', 'choices': 'bc', 'answer': 0}",
        "line 3: found no key \"context\"|{'choices': ['b', 'c'], 'answer': 0}",
        "line 3: found the key \"anwser\"|{'context': 'a', 'choices': ['b', 'c'], 'anwser': 0}",
        "line 3: context: found an unpaired surrogate|{'context': '\\ud800', 'choices': ['b', 'c'], 'answer': 0}",
        "line 3: id: found \"2\", which line 2 has too|{'id': '2', 'context': 'a', 'choices': ['b', 'c'], 'answer': 0}",
        "line 3, column|{'context': 'a'"})
    void itemsAreChecked(String expected, String line) throws IOException {
        String message = error(CHOICE, ITEM, line);
        assertTrue(message.startsWith(expected), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{'prompt': 'p', 'answer': 'q', 'answers': ['r']}", "{'prompt': 'p', 'answers': []}",
        "{'prompt': 'p'}", "{'prompt': 1, 'answer': 'q'}", "{'text': 't'}"})
    void promptsAreChecked(String line) throws IOException {
        assertTrue(error("{'task': 'x', 'kind': 'generate'}", line).startsWith("line 2: "));
    }

    @Test
    void filesAreChecked() throws Exception {
        assertTrue(error("").startsWith("is empty"));
        assertTrue(error(CHOICE).startsWith("has no items"));
        Files.write(folder.resolve("latin.jsonl"), "{\"task\": \"\u00e9\"}\n".getBytes(StandardCharsets.ISO_8859_1));
        assertTrue(assertThrows(CheckpointException.class, () -> TaskFile.read(folder + "/latin.jsonl")).getMessage()
                .contains("line 1, byte 10: found the byte 0xE9, which is not UTF-8"));
        assertTrue(assertThrows(CheckpointException.class, () -> TaskFile.read("knowlege")).getMessage()
                .endsWith("Did you mean knowledge?"));
    }

    @Test
    void numbersAreComparedByValue() {
        List<Normalization> rules = List.of(Normalization.STRIP, Normalization.NUMBERS);
        for (String same : new String[] {"1200.5", " 1,200.50 ", "$1200.5", "+1200.5", "1200.500", "1200.5."}) {
            assertEquals("1200.5", Normalization.all(rules, same), same);
        }
        for (String zero : new String[] {"0", "-0", "0.00", "00"}) {
            assertEquals("0", Normalization.all(rules, zero), zero);
        }
        for (String other : new String[] {"12,00", "1 200", "one", "1e3", "1.2.3", "-", ""}) {
            assertEquals(other, Normalization.all(rules, other));
        }
        assertEquals("ab c", Normalization.all(List.of(Normalization.PUNCTUATION, Normalization.CASE), "A,b\u2019 C!"));
    }
}
