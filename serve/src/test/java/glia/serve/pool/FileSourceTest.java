package glia.serve.pool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.ToolModel;
import glia.engine.call.Prompt;
import glia.engine.call.RenderedPrompt;
import glia.engine.load.LoadOptions;
import glia.io.CheckpointException;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.serve.pool.FileSource.Defaults;
import glia.text.template.ChatMessage;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileSourceTest {
    @TempDir Path folder;

    private static FileSource source(Path path, Defaults defaults) {
        return new FileSource(path, LoadOptions.defaults(), Map.of(), Progress.NONE, defaults);
    }

    private static RenderedPrompt rendered(LanguageModel model, Prompt prompt) {
        return RenderedPrompt.of(model, prompt, model.options());
    }

    private static Prompt.Conversation conversation(ChatMessage... messages) {
        return new Prompt.Conversation(List.of(messages), List.of(), Map.of(), false);
    }

    @Test
    void aModelHasASystemPromptAndOptionsWhereARequestHasNone() throws Exception {
        ToolModel.load(folder).close();
        try (LanguageModel model = source(folder, new Defaults(own -> own.withMaxTokens(3),
                Optional.of("Be brief."))).load()) {
            ChatMessage question = ChatMessage.user("Hi");
            RenderedPrompt prompt = rendered(model, conversation(question));
            assertTrue(prompt.text().toString().startsWith("system: Be brief."), prompt.text()::toString);
            assertEquals(3, prompt.mostTokens());
            String own = rendered(model, conversation(ChatMessage.system("Mine."), question)).text().toString();
            assertTrue(own.startsWith("system: Mine.") && !own.contains("brief"), own);
            // The turns before it began with it.
            assertFalse(rendered(model, new Prompt.Continued(new int[] {5, 6}, conversation(question))).text()
                    .toString().contains("brief"));
        }
    }

    @Test
    void aTemplateWithoutASystemPromptIsRefused() throws Exception {
        Path reasoner = new ModelLocator(HubSettings.fromEnvironment()).locate("reasoner", Progress.NONE).path();
        String message = assertThrows(CheckpointException.class,
                () -> source(reasoner, new Defaults(own -> own, Optional.of("x"))).load()).getMessage();
        assertTrue(message.contains("takes no system prompt"), message);
    }
}
