package glia.reason.alignment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.reason.reward.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConstitutionTest {
    private static final String TEXTS = "name: a, critique: c, revision: r, comparison: d";

    @TempDir
    private Path folder;

    private Constitution read(String yaml) throws IOException {
        return Constitution.read(Files.writeString(folder.resolve("mine.yaml"), yaml));
    }

    private static Sample answer(String text) {
        return new Sample("Why do people yawn?", text, 20, true, Map.of());
    }

    /// Verdicts of relevant, brief, complete, prose, direct, written by hand.
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
        "People yawn to cool the brain.|11111", "\"\"|00000", "People yawn!|10010", "People yawning in pairs|11011",
        "They do it to cool the brain.|01111", "The answer is that people yawn to cool down.|11110",
        "People yawn for a reason: *air*.|11001", "People yawn to wake up. Right?|11011", "PEOPLE YAWN TO COOL.|11111",
        "Sorry. People yawn to wake up.|11110", "People yawn. 1. Air is good.|11111"})
    void theShippedPrinciplesCheckAnswers(String text, String expected) {
        try (Constitution shipped = Constitution.shipped()) {
            assertEquals(List.of("relevant", "brief", "complete", "prose", "direct"),
                    shipped.principles().stream().map(Constitution.Principle::name).toList());
            StringBuilder found = new StringBuilder();
            for (boolean one : shipped.kept(answer(text))) {
                found.append(one ? 1 : 0);
            }
            assertEquals(expected, found.toString());
            assertEquals(expected.chars().filter(c -> c == '1').count(), shipped.numKept(answer(text)));
        }
    }

    @Test
    void aLineBreakAndThirtyOneWordsBreakPrinciples() {
        try (Constitution shipped = Constitution.shipped()) {
            assertFalse(shipped.principles().get(3).isKept(answer("People yawn\nto cool.")));
            assertTrue(shipped.principles().get(1).isKept(answer("word ".repeat(30))));
            assertFalse(shipped.principles().get(1).isKept(answer("word ".repeat(31))));
            assertFalse(shipped.principles().get(1).isKept(answer("only three words")));
        }
    }

    @Test
    void aChecksScoreIsComparedWithLeast() throws Exception {
        try (Constitution half = read("principles:\n  - {" + TEXTS + ", least: 0.5, check: {name: length, max: 10, "
                + "margin: 20, unit: characters}}\n  - {" + TEXTS.replace("a,", "b,") + ", check: finished}\n")) {
            assertArrayEquals(new boolean[] {true, true}, half.kept(answer("a".repeat(20))));
            assertArrayEquals(new boolean[] {false, true}, half.kept(answer("a".repeat(21))));
            assertArrayEquals(new boolean[] {true, false}, half.kept(new Sample("p", "", 9, false, Map.of())));
        }
    }

    /// A check that throws counts as a principle that is not kept.
    @Test
    void aCheckThatFailsIsNotKept() throws Exception {
        try (Constitution slow = read("principles: [{" + TEXTS + ", check: {name: format, pattern: '(a+)+b'}}]")) {
            assertEquals(0, slow.numKept(answer("a".repeat(60))));
            assertEquals(1, slow.numKept(answer("aab")));
        }
    }

    @Test
    void placeholdersAreReplacedAndPromptsAreNotTemplates() throws Exception {
        try (Constitution one = read("principles: [{name: a, critique: 'Of {prompt}?', revision: '{prompt} {prompt}', "
                + "comparison: d, check: finished}]")) {
            assertEquals("Of $1 {prompt}?", one.principles().getFirst().critiqueOf("$1 {prompt}"));
            assertEquals("x x", one.principles().getFirst().revisionOf("x"));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{}|key principles|is missing",
        "{principles: }|key principles|a list",
        "{principles: []}|key principles|is an empty list",
        "{principles: [brief]}|principles[0]|expected an object",
        "{principle: []}|key principle|Did you mean principles?",
        "{principles: [{TEXTS}]}|principles[0].check|expected an object",
        "{principles: [{TEXTS, check: }]}|principles[0].check|expected an object",
        "{principles: [{TEXTS, check: {max: 3}}]}|principles[0].check|has no name of a reward",
        "{principles: [{TEXTS, check: {name: 7}}]}|principles[0].check|has no name of a reward",
        "{principles: [{TEXTS, check: lenght}]}|principles[0].check|Did you mean length?",
        "{principles: [{TEXTS, check: {name: length, maximum: 3}}]}|principles[0].check|no option maximum",
        "{principles: [{TEXTS, check: {name: format, pattern: '('}}]}|principles[0].check|no regular expression",
        "{principles: [{TEXTS, check: {name: format, pattern: }}]}|principles[0].check.pattern|is null",
        "{principles: [{TEXTS, check: task}]}|principles[0].check|there is no reward task",
        "{principles: [{TEXTS, least: much, check: finished}]}|principles[0].least|expected a number",
        "{principles: [{TEXTS, revison: x, check: finished}]}|principles[0].revison|Did you mean revision?",
        "{principles: [{TEXTS, check: finished}, {TEXTS, check: finished}]}|principles[1].name|earlier principle",
        "{principles: [{name: a, critique: '', revision: r, comparison: d, check: finished}]}|critique|is blank",
        "{principles: [{name: a, critique: c, comparison: d, check: finished}]}|principles[0].revision|a string",
        "{principles: [{name: [a], critique: c, revision: r, comparison: d, check: finished}]}|name|a string"})
    void errorsNameLineKeyAndWhatIsExpected(String yaml, String key, String problem) {
        String message = assertThrows(CheckpointException.class, () -> read("# mine\n" + yaml.replace("TEXTS", TEXTS)))
                .getMessage();
        assertTrue(message.contains("mine.yaml: ") && message.contains(key) && message.contains(problem), message);
    }

    @Test
    void errorsOfNestedKeysHaveTheirLine() {
        String yaml = "principles:\n  - " + TEXTS.replace(", ", "\n    ") + "\n    check:\n      name: nothing\n";
        String message = assertThrows(CheckpointException.class, () -> read(yaml)).getMessage();
        assertTrue(message.contains("line 6: key principles[0].check"), message);
    }
}
