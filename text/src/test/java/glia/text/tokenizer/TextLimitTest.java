package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TextLimitTest {
    private static final String DOUBLE = "{'type':'Replace','pattern':{'String':'a'},'content':'aa'}";

    private static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text.replace('\'', '"'));
    }

    private static TextLimit limit(String normalizer, String preTokenizer) {
        Components components = new Components();
        components.normalizer(json(normalizer));
        components.preTokenizer(json(preTokenizer));
        return components.limit().build();
    }

    private static String sequence(String plural, String step, int count) {
        return "{'type':'Sequence','" + plural + "':[" + (step + ",").repeat(count - 1) + step + "]}";
    }

    @Test
    void stepsOfPublishedModelsTakeLongTexts() {
        String llama = "{'type':'Sequence','normalizers':[{'type':'Prepend','prepend':'▁'},"
                + "{'type':'Replace','pattern':{'String':' '},'content':'▁'}]}";
        String byteLevel = "{'type':'ByteLevel','add_prefix_space':false,'use_regex':false}";
        for (TextLimit limit : new TextLimit[] {limit(llama, "null"), limit("{'type':'NFC'}", byteLevel),
            limit("null", byteLevel)}) {
            assertTrue(limit.allows("a".repeat(2_000_000)));
            assertTrue(limit.allows("北".repeat(2_000_000)));
            assertFalse(limit.allows("a".repeat(2_000_001)));
            assertEquals(2_000_000, limit.characters());
        }
    }

    /// U+FDFA becomes 18 characters.
    @Test
    void onlyCharactersThatMayGrowCount() {
        TextLimit limit = limit("{'type':'NFKC'}", "null");
        assertTrue(limit.allows("a".repeat(1_500_000) + "ﷺ".repeat(300_000)));
        assertFalse(limit.allows("ﷺ".repeat(500_000)));
        assertEquals(444_444, limit.characters());
    }

    @Test
    void aTextThatGrowsWithEachStepIsBounded() {
        TextLimit limit = limit(sequence("normalizers", DOUBLE, 10), "null");
        assertTrue(limit.allows("a".repeat(7_000)));
        assertFalse(limit.allows("a".repeat(8_000)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{'type':'Replace','pattern':{'String':'a'},'content':'%s'} | 1 | 9000",
        "{'type':'Replace','pattern':{'Regex':'[ab]'},'content':'%s'} | 2 | 100",
        "{'type':'Prepend','prepend':'%s'} | 2 | 200",
        "{'type':'Replace','pattern':{'String':'a'},'content':'%s'} | 14 | 2"})
    void explosiveStepsAreRefused(String step, int count, int length) {
        String steps = sequence("normalizers", step.replace("%s", "a".repeat(length)), count);
        String message = assertThrows(IllegalArgumentException.class, () -> limit(steps, "null")).getMessage();
        assertTrue(message.contains("characters of one, expected at most 8000"), message);
    }

    @Test
    void replacedTextThatGrowsAgainIsRefused() {
        String grow = "{'type':'Replace','pattern':{'String':'ا'},'content':'ﷺ'},{'type':'NFKC'}";
        assertThrows(IllegalArgumentException.class, () -> limit(sequence("normalizers", grow, 6), "null"));
        String bytes = "{'type':'ByteLevel','add_prefix_space':true,'use_regex':false}";
        assertThrows(IllegalArgumentException.class, () -> limit("null", sequence("pretokenizers", bytes, 12)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{'type':'Replace','pattern':{'Regex':'b*'},'content':'x'}",
        "{'type':'Replace','pattern':{'Regex':'a|$'},'content':'x'}",
        "{'type':'Replace','pattern':{'Regex':'(?=(\\\\d{3})+(?!\\\\d))'},'content':'x'}"})
    void theEmptyTextCannotBeReplaced(String normalizer) {
        String message = assertThrows(IllegalArgumentException.class, () -> limit(normalizer, "null")).getMessage();
        assertTrue(message.contains("matches the empty text"), message);
    }
}
