package glia.reason.alignment;

import glia.engine.LanguageModel;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The story model with a chat template that shows the texts of all messages.
final class ChatStories {
    static final List<String> PROMPTS = List.of("Once upon a time", "Lily had a cat. The cat", "One day,", "Tom");

    private ChatStories() { }

    static LanguageModel load(Path folder) throws IOException {
        Path shipped = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(shipped.resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("chat_template.jinja"),
                "{{ bos_token }}{% for m in messages %}{{ m.content }} {% endfor %}");
        return LanguageModel.load(folder);
    }
}
