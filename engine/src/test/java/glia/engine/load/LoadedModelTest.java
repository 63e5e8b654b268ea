package glia.engine.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.draft.Drafting;
import glia.engine.pass.Engine;
import glia.io.CheckpointException;
import glia.io.file.AtomicFile.IfExists;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.model.adapter.AdapterConfig;
import glia.model.adapter.AdapterFolder;
import glia.model.adapter.Adapters;
import glia.model.adapter.ModuleNames;
import glia.tensor.kernel.KeyValueType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What was made before a failure is closed.
class LoadedModelTest {
    private static Path path;

    /// All that was added, which `close` clears.
    private static final List<AutoCloseable> MADE = new ArrayList<>();

    @BeforeAll
    static void locate() throws IOException {
        path = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
    }

    private static <E extends Exception> E failure(Class<E> type, LoadOptions options, Map<String, Path> choices) {
        MADE.clear();
        LoadedModel.Owned owned = new LoadedModel.Owned() {
            @Override
            <T extends AutoCloseable> T add(T one) {
                MADE.add(one);
                return super.add(one);
            }
        };
        E failure = assertThrows(type, () -> LoadedModel.load(path, options, choices, Progress.NONE, false,
                Optional.empty(), owned));
        assertEquals(List.of(), owned.all());
        List<Engine> engines = MADE.stream().filter(Engine.class::isInstance).map(Engine.class::cast).toList();
        assertTrue(MADE.size() >= 4 && !engines.isEmpty(), MADE::toString);
        for (Engine engine : engines) {
            assertEquals("the model is closed",
                    assertThrows(IllegalStateException.class, engine::open).getMessage());
        }
        return failure;
    }

    @Test
    void theEngineIsClosedWhereAdaptersCannotBeBatched(@TempDir Path folder) throws CheckpointException {
        try (LoadedModel base = LoadedModel.load(path, LoadOptions.defaults(), Progress.NONE);
                Adapters adapters = Adapters.create(base.model(),
                        AdapterConfig.defaults().withTargets(ModuleNames.of("embed_tokens")), 1)) {
            AdapterFolder.write(adapters, folder.resolve("embedding"), IfExists.FAIL);
        }
        Exception e = failure(IllegalArgumentException.class, LoadOptions.defaults(),
                Map.of("embedding", folder.resolve("embedding")));
        assertTrue(e.getMessage().contains("cannot be batched"), e.getMessage());
    }

    @Test
    void longContextsHaveACacheOfHalfTheSize() {
        assertEquals(KeyValueType.F32, LoadOptions.defaults().keyValueTypeFor(32_768));
        assertEquals(KeyValueType.BF16, LoadOptions.defaults().keyValueTypeFor(32_769));
        assertEquals(KeyValueType.F32, LoadOptions.defaults().withKeyValueType(KeyValueType.F32)
                .keyValueTypeFor(1 << 20));
    }

    @Test
    void theEngineIsClosedWhereItCannotBePrepared() {
        Exception e = failure(IllegalArgumentException.class, LoadOptions.defaults().withDrafting(Drafting.ofMtp()),
                Map.of());
        assertTrue(e.getMessage().contains("multi-token-prediction"), e.getMessage());
    }

    @Test
    void allIsClosedInReverseWhereSomeFails() {
        List<String> closed = new ArrayList<>();
        LoadedModel.Owned owned = new LoadedModel.Owned();
        owned.add(() -> closed.add("workers"));
        owned.add(() -> {
            throw new IOException("the disk is gone");
        });
        owned.add(() -> closed.add("engine"));
        assertEquals("the disk is gone", assertThrows(IllegalStateException.class, owned::close).getMessage());
        assertEquals(List.of("engine", "workers"), closed);
        owned.close();
        assertEquals(2, closed.size());
    }
}
