package glia.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TemplateCheckTest {
    private static final String TEMPLATE = "{{ bos_token }}{% if x > 2 %}{{ raise_exception('too large: ' ~ x) }}"
            + "{% endif %}{{ 10 // x }} {{ strftime_now('%Y') }}";
    private static final String EXPECTED = "{\"one\": {\"text\": \"<BOS>10 2026\"}, "
            + "\"zero\": {\"error\": \"by zero\"}, \"three\": {\"error\": \"too large: 3\"}}";

    @TempDir
    Path folder;

    @BeforeEach
    void write() throws IOException {
        Files.writeString(folder.resolve("cases.json"),
                "{\"one\": {\"x\": 1}, \"zero\": {\"x\": 0}, \"three\": {\"x\": 3}}");
        Files.writeString(folder.resolve("a.jinja"), TEMPLATE);
        Files.writeString(folder.resolve("a.json"), EXPECTED);
    }

    private TemplateCheck.Result check() {
        return TemplateCheck.run(folder, Fixtures.CLOCK).getFirst();
    }

    private TemplateCheck.Result checkWith(String expected) throws IOException {
        Files.writeString(folder.resolve("a.json"), expected);
        return check();
    }

    @Test
    void passesWhereAllTextsAreEqual() {
        TemplateCheck.Result result = check();
        assertTrue(result.passed(), result.toString());
        assertEquals("a", result.template());
        assertEquals(3, result.numCases());
    }

    @Test
    void oneOtherCharacterFails() throws IOException {
        TemplateCheck.Result result = checkWith(EXPECTED.replace("10 2026", "10 2027"));
        assertEquals(2, result.numPassed());
        assertFalse(result.passed());
        assertEquals("one: at character 11 expected \"<BOS>10 2027\", got \"<BOS>10 2026\"",
                result.firstDifference().orElseThrow());
    }

    @Test
    void anotherMessageOfRaiseExceptionFails() throws IOException {
        assertEquals(2, checkWith(EXPECTED.replace("too large: 3", "too large: 4")).numPassed());
        // Expected is a message that stands in the template, and another error came.
        assertEquals(2, checkWith(EXPECTED.replace("by zero", "too large: 0")).numPassed());
    }

    @Test
    void textInsteadOfErrorAndErrorInsteadOfTextFail() throws IOException {
        assertEquals(2, checkWith(EXPECTED.replace("{\"text\": \"<BOS>10 2026\"}", "{\"error\": \"x\"}")).numPassed());
        assertEquals(2, checkWith(EXPECTED.replace("{\"error\": \"by zero\"}", "{\"text\": \"x\"}")).numPassed());
        assertEquals(2, checkWith(EXPECTED.replace("\"zero\"", "\"other\"")).numPassed());
    }

    @Test
    void changingAListIsAllowedWhereTheReferenceRefusesIt() throws IOException {
        Files.writeString(folder.resolve("a.jinja"), "{% set l = [] %}{% set _ = l.append(x) %}{{ l }}");
        String refused = "{\"error\": \"access to attribute 'append' of 'list' object is unsafe.\"}";
        String expected = "{\"one\": " + refused + ", \"zero\": " + refused + ", \"three\": " + refused + "}";
        assertTrue(checkWith(expected).passed());
    }

    @Test
    void aTemplateThatCannotBeParsedFailsInEveryCase() throws IOException {
        Files.writeString(folder.resolve("a.jinja"), "{% if %}");
        // Errors were expected in two cases, and words of other errors than the template's own may differ.
        assertEquals(2, check().numPassed());
        assertTrue(check().firstDifference().orElseThrow().contains("a.jinja:1: expected an expression"));
    }

    @Test
    void incompleteFoldersAreRefused() throws IOException {
        Files.delete(folder.resolve("a.json"));
        assertThrows(TemplateException.class, this::check);
        Files.delete(folder.resolve("a.jinja"));
        assertThrows(TemplateException.class, this::check);
        Files.delete(folder.resolve("cases.json"));
        assertThrows(TemplateException.class, this::check);
    }
}
