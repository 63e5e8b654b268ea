package glia.train.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.yaml.YamlDocument;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class ShippedDataTest {
    /// One sentence.
    private static final Pattern STYLE = Pattern.compile("In short: (?:[^.!?]|[.](?=\\d))+[.]");
    private static final int MAX_WORDS = 20;

    private static Recipe recipe(String train) throws CheckpointException {
        return Recipe.of(YamlDocument.parse(Path.of("r.yaml"), "task: sft\nsteps: 1\n"),
                List.of("data.train=" + train));
    }

    private static WeightedPath file(String written) throws CheckpointException {
        return RunData.paths(recipe(written), RecipeKeys.TRAIN).getFirst();
    }

    /// The questions of a file, whose answers are checked.
    private static Set<String> questions(String name) throws Exception {
        Set<String> questions = new HashSet<>();
        for (String line : Files.readAllLines(file("shipped:" + name).path())) {
            var messages = JsonMapper.shared().readTree(line).get("messages");
            assertEquals(2, messages.size(), line);
            assertEquals("user", messages.get(0).get("role").stringValue());
            assertEquals("assistant", messages.get(1).get("role").stringValue());
            String answer = messages.get(1).get("content").stringValue();
            assertTrue(STYLE.matcher(answer).matches(), answer);
            assertTrue(answer.split(" ").length <= MAX_WORDS, answer);
            assertTrue(questions.add(messages.get(0).get("content").stringValue()), line);
        }
        return questions;
    }

    @Test
    void questionsDifferAndAnswersAreInOneStyle() throws Exception {
        Set<String> training = questions("chats.jsonl");
        Set<String> heldOut = questions("chats-held-out.jsonl");
        assertEquals(64, training.size());
        assertEquals(16, heldOut.size());
        heldOut.forEach(q -> assertFalse(training.contains(q), q));
    }

    /// The prompts of a file of preferences, whose rejected answers contain the chosen ones.
    private static Set<String> prompts(String name) throws Exception {
        Set<String> prompts = new HashSet<>();
        for (String line : Files.readAllLines(file("shipped:" + name).path())) {
            var pair = JsonMapper.shared().readTree(line);
            String chosen = pair.get("chosen").stringValue();
            String rejected = pair.get("rejected").stringValue();
            assertTrue(rejected.contains(chosen) && rejected.length() > chosen.length() + 20, line);
            assertTrue(prompts.add(pair.get("prompt").stringValue()), line);
        }
        return prompts;
    }

    @Test
    void promptsOfPreferencesDiffer() throws Exception {
        Set<String> training = prompts("preferences.jsonl");
        Set<String> heldOut = prompts("preferences-held-out.jsonl");
        assertEquals(64, training.size());
        assertEquals(16, heldOut.size());
        heldOut.forEach(q -> assertFalse(training.contains(q), q));
    }

    @Test
    void aFileIsCopiedOnceAndMayHaveAWeight() throws Exception {
        WeightedPath weighted = file("shipped:chats.jsonl * 0.5");
        assertEquals(0.5, weighted.weight());
        assertEquals("chats.jsonl", weighted.path().getFileName().toString());
        assertEquals(weighted.path(), file("shipped:chats.jsonl").path());
    }

    @Test
    void anUnknownNameListsTheFiles() throws Exception {
        CheckpointException e = assertThrows(CheckpointException.class, () -> file("shipped:chat.jsonl"));
        assertTrue(e.getMessage().contains("key data.train") && e.getMessage().contains("'shipped:chat.jsonl'")
                && e.getMessage().contains("shipped:chats.jsonl, shipped:chats-held-out.jsonl")
                && e.getMessage().contains("Did you mean"), e.getMessage());
    }
}
