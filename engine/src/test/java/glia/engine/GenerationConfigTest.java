package glia.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.sampling.SamplingOptions;
import glia.io.CheckpointException;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.fresh.NewModels;
import glia.text.template.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GenerationConfigTest {
    private static final SamplingOptions DEFAULTS = SamplingOptions.defaults();
    private static final SamplingOptions HUB = SamplingOptions.neutral().withTopK(50);

    @TempDir Path folder;

    private SamplingOptions read(String json) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), json);
        return GenerationConfig.sampling(folder, DEFAULTS);
    }

    @Test
    void withoutAFileTheDefaultsHold() throws IOException {
        assertEquals(DEFAULTS, GenerationConfig.sampling(folder, DEFAULTS));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"eos_token_id\": [1, 2], \"transformers_version\": \"4.57.0\"}",
        "{\"temperature\": null, \"top_p\": null}"})
    void aFileThatDoesNotSayChangesNothing(String json) throws IOException {
        assertEquals(DEFAULTS, read(json));
    }

    @Test
    void whatTheFileSaysHoldsAndTheRestIsAsTheHubsLibraryHasIt() throws IOException {
        assertEquals(HUB.withTemperature(0.6f).withTopP(0.95f).withTopK(20),
                read("{\"do_sample\": true, \"temperature\": 0.6, \"top_k\": 20, \"top_p\": 0.95}"));
        assertEquals(HUB.withTemperature(0.7f).withTopP(0.8f).withTopK(20).withRepetitionPenalty(1.05f),
                read("{\"temperature\": 0.7, \"top_p\": 0.8, \"top_k\": 20, \"repetition_penalty\": 1.05}"));
        assertEquals(HUB, read("{\"do_sample\": true}"));
        assertEquals(HUB.withMinP(0.15f).withTemperature(0.3f), read("{\"min_p\": 0.15, \"temperature\": 0.3}"));
        assertEquals(DEFAULTS.withRepetitionPenalty(1.2f), read("{\"repetition_penalty\": 1.2}"));
        assertEquals(HUB.withTopK(0), read("{\"top_k\": -1}"));
    }

    @Test
    void withoutChanceTheBestTokenIsTaken() throws IOException {
        assertEquals(0, read("{\"do_sample\": false, \"temperature\": 0.6}").temperature());
        assertEquals(0, read("{\"do_sample\": true, \"temperature\": 0}").temperature());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"top_p\": 1.5}         | : top-p: found 1.5, expected more than 0 and at most 1 (off)",
        "{\"temperature\": -1}    | : temperature: found -1.0, expected 0 or more",
        "{\"temperature\": \"1\"} | : key temperature: found \"1\", expected a number",
        "{\"top_k\": 2.5}         | : key top_k: found 2.5, expected a whole number",
        "{\"do_sample\": 1}       | : key do_sample: found 1, expected true or false",
        "{\"top_k\": -2}          | : top-k: found -2, expected 0 (off) or more",
        "[]                       | : found a list of 0, expected an object"})
    void whatIsImpossibleIsRefusedByName(String json, String message) {
        String found = assertThrows(CheckpointException.class, () -> read(json)).getMessage();
        assertEquals(folder.resolve("generation_config.json") + message, found);
    }

    @Test
    void aModelAnswersAsItsFolderSays() throws IOException {
        Path stories = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        for (String file : new String[] {"config.json", "model.safetensors", "tokenizer.json",
            "tokenizer_config.json"}) {
            Files.copy(stories.resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("generation_config.json"), "{\"do_sample\": false}");
        try (LanguageModel model = LanguageModel.load(folder); Chat chat = model.chat();
                LanguageModel file = LanguageModel.load(folder.resolve("model.safetensors"))) {
            assertEquals(0, model.options().sampling().temperature());
            assertEquals(model.options(), chat.options());
            assertEquals(model.options(), file.options());
            chat.options(chat.options().withMaxTokens(30));
            String answer = chat.say("Once upon a");
            assertTrue(answer.startsWith("time, there was a little girl named Lily."), answer);
        }
    }

    /// A model whose files do not say how to sample, known by its template and size, whichever format it has.
    @Test
    void knownModelsHaveTheirOptions() throws IOException {
        Optional<ChatTemplate> template = Optional.of(ChatTemplate.parse("test",
                "You are a helpful AI assistant named SmolLM, trained by Hugging Face"));
        try (Model other = small(288); Model smol = small(576)) {
            assertEquals(DEFAULTS, GenerationConfig.sampling(folder, other, template));
            assertEquals(DEFAULTS.withTemperature(0).withRepetitionPenalty(1.1f),
                    GenerationConfig.sampling(folder, smol, template));
            assertEquals(DEFAULTS, GenerationConfig.sampling(folder, smol, Optional.empty()));
            Files.writeString(folder.resolve("generation_config.json"), "{\"temperature\": 0.5}");
            assertEquals(0.5f, GenerationConfig.sampling(folder, smol, template).temperature());
        }
    }

    private static Model small(int hidden) throws IOException {
        return FreshModel.create(NewModels.config("llama", Map.of("hidden", hidden, "layers", 1, "heads", 9,
                "vocab", 8, "mlp", 8)), 1);
    }
}
