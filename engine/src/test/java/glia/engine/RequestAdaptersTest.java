package glia.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.load.LoadOptions;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.Completion;
import glia.engine.schedule.Finish;
import glia.engine.schedule.Generation;
import glia.engine.schedule.GenerationRequest;
import glia.io.CheckpointException;
import glia.io.file.AtomicFile.IfExists;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.model.adapter.AdapterConfig.Variant;
import glia.model.adapter.AdapterConfig;
import glia.model.adapter.AdapterFolder;
import glia.model.adapter.Adapters;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Requests with different adapters in one batch. The truth is a model that was loaded with the one adapter.
class RequestAdaptersTest {
    private static final LoadOptions OPTIONS = LoadOptions.defaults().withBatchInvariance();
    private static final String[] PROMPTS = {"Once upon a time", "Once upon a time there was a dog", "The", "Lily and"};

    @TempDir
    static Path folder;
    private static Path path;
    private static final Map<String, Path> ADAPTERS = new LinkedHashMap<>();
    private static final Map<String, Completion> TRUTHS = new LinkedHashMap<>();

    @BeforeAll
    static void write() throws IOException {
        path = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        try (LanguageModel base = LanguageModel.load(path)) {
            add(base, "lora", Variant.LORA, 1);
            add(base, "dora", Variant.DORA, 2);
            add(base, "biased", new Variant(true, false, true), 3);
        }
    }

    private static void add(LanguageModel base, String name, Variant variant, long seed) throws CheckpointException {
        ADAPTERS.put(name, RandomAdapters.write(base.model(), variant, folder.resolve(name), seed, 0.05f));
    }

    private static GenerationRequest request(LanguageModel model, String prompt) {
        return GenerationRequest.of(model.tokenizer().encode(prompt, true)).sampling(SamplingOptions.greedy())
                .maxTokens(150).logProbabilities(0).adapter(model.adapter()).build();
    }

    private static Completion alone(LanguageModel model, String prompt) {
        return model.scheduler().generate(request(model, prompt), () -> true);
    }

    private static Completion truth(String adapter, String prompt) throws CheckpointException {
        Completion known = TRUTHS.get(adapter + prompt);
        if (known != null) {
            return known;
        }
        LoadOptions options = adapter.isEmpty() ? OPTIONS : OPTIONS.withAdapter(ADAPTERS.get(adapter));
        try (LanguageModel model = LanguageModel.load(path, options)) {
            TRUTHS.put(adapter + prompt, alone(model, prompt));
            return TRUTHS.get(adapter + prompt);
        }
    }

    private static LanguageModel view(LanguageModel model, String adapter) {
        return adapter.isEmpty() ? model : model.withAdapter(adapter);
    }

    @ParameterizedTest
    @CsvSource({"268435456", "700000"})
    void aBatchOfAllAdaptersHasTheBitsOfEachAlone(long stateBytes) throws CheckpointException {
        List<String> names = new ArrayList<>(ADAPTERS.keySet());
        names.addFirst("");
        try (LanguageModel model = LanguageModel.load(path, OPTIONS, ADAPTERS, Progress.NONE)) {
            model.limitState(stateBytes);
            List<GenerationRequest> requests = new ArrayList<>();
            List<Completion> expected = new ArrayList<>();
            // Neighbours with the same adapter and with others, twice, so that prefixes are found in the cache.
            for (int i = 0; i < 2 * names.size() * PROMPTS.length; i++) {
                String name = names.get(i * 7 / 3 % names.size());
                String prompt = PROMPTS[i % PROMPTS.length];
                requests.add(request(view(model, name), prompt));
                expected.add(truth(name, prompt));
            }
            List<Generation> running = requests.stream().map(model.scheduler()::submit).toList();
            boolean preempted = false;
            for (int i = 0; i < running.size(); i++) {
                Completion found = running.get(i).await().getFirst().orThrow();
                assertArrayEquals(expected.get(i).tokens(), found.tokens(), "request " + i);
                assertArrayEquals(expected.get(i).logProbabilities(), found.logProbabilities(), "request " + i);
                preempted |= found.preemptions() > 0;
            }
            assertEquals(stateBytes < 1 << 20, preempted, "memory for all or not");
        }
    }

    @Test
    void adaptersChangeWhatIsSaidAndShareNoPrefix() throws CheckpointException {
        try (LanguageModel model = LanguageModel.load(path, OPTIONS, ADAPTERS, Progress.NONE)) {
            String prompt = "Once upon a time there was a little girl named Lily. ".repeat(12);
            List<int[]> said = new ArrayList<>();
            for (String name : List.of("", "lora", "dora", "biased")) {
                Completion first = alone(view(model, name), prompt);
                assertEquals(0, first.reusedTokens(), name);
                assertTrue(said.stream().noneMatch(other -> Arrays.equals(other, first.tokens())), name);
                said.add(first.tokens());
                Completion second = alone(view(model, name), prompt);
                assertTrue(second.reusedTokens() > 64, name + " reused " + second.reusedTokens());
                assertArrayEquals(first.tokens(), second.tokens());
            }
        }
    }

    @Test
    void aSessionThatChangesItsAdapterComputesItsTokensAgain() throws CheckpointException {
        try (LanguageModel model = LanguageModel.load(path, OPTIONS, ADAPTERS, Progress.NONE);
                var session = model.scheduler().session()) {
            int[] prompt = model.tokenizer().encode(PROMPTS[1], true);
            for (String name : List.of("", "lora", "lora", "")) {
                Completion found = model.scheduler().generate(GenerationRequest.of(prompt).session(session)
                        .sampling(SamplingOptions.greedy()).maxTokens(150).adapter(view(model, name).adapter()).build(),
                        () -> true);
                assertArrayEquals(truth(name, PROMPTS[1]).tokens(), found.tokens(), name);
            }
        }
    }

    @Test
    void chatsOfAViewHaveItsAdapter() throws CheckpointException {
        try (LanguageModel model = LanguageModel.load(path, OPTIONS, ADAPTERS, Progress.NONE);
                Generator generator = model.withAdapter("dora").generator()) {
            var options = GenerationOptions.defaults().withSampling(SamplingOptions.greedy()).withMaxTokens(150);
            int[] prompt = model.tokenizer().encode(PROMPTS[0], true);
            String text = generator.generate(prompt, options, true, _ -> { }).text();
            assertEquals(model.tokenizer().decode(truth("dora", PROMPTS[0]).tokens(), false), text);
            model.withAdapter("dora").close();
            assertEquals(Finish.LENGTH, alone(model, "The").finish());
        }
    }

    @Test
    void whatCannotBeBatchedIsRefusedByName() throws CheckpointException {
        Path whole = folder.resolve("whole");
        try (LanguageModel base = LanguageModel.load(path);
                var adapters = Adapters.create(base.model(), AdapterConfig.defaults()
                        .withModulesToSave(List.of("norm")), 1)) {
            AdapterFolder.write(adapters, whole, IfExists.FAIL);
        }
        var e = assertThrows(CheckpointException.class,
                () -> LanguageModel.load(path, OPTIONS, Map.of("whole", whole), Progress.NONE));
        assertTrue(e.getMessage().contains("modules_to_save"), e.getMessage());
        try (LanguageModel model = LanguageModel.load(path, OPTIONS, ADAPTERS, Progress.NONE)) {
            var unknown = assertThrows(IllegalArgumentException.class, () -> model.withAdapter("x"));
            assertEquals("no adapter 'x'; found lora, dora, biased", unknown.getMessage());
            assertFalse(model.model().weights().all().isEmpty());
        }
    }
}
