package glia.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The templates of public models, which are not part of this project: compared with Jinja2, and on long conversations.
class RealTemplatesTest {
    private static final String WORDS =
            "The quick brown fox <b>jumps</b> over the lazy dog. Gr\u00f6\u00dfe \u6771\u4eac\n";

    private static Path folder() {
        String shared = System.getenv("GLIA_SHARED");
        assumeTrue(shared != null, "GLIA_SHARED names no folder with templates/");
        Path folder = Path.of(shared, "templates");
        assumeTrue(Files.isDirectory(folder), "no folder " + folder);
        return folder;
    }

    @Test
    void everyCaseIsRenderedAsInJinja2() {
        Clock clock = Clock.fixed(Instant.parse("2026-11-25T12:00:00Z"), ZoneOffset.UTC);
        List<TemplateCheck.Result> results = TemplateCheck.run(folder(), clock);
        assertEquals(List.of(), results.stream().filter(result -> !result.passed()).toList());
    }

    /// 1,000 messages of 1 MB and 100 tools.
    private static String render(ChatTemplate template) {
        List<ChatMessage> messages = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            messages.add(ChatMessage.user(i + WORDS.repeat(16)));
            messages.add(ChatMessage.assistant(WORDS.repeat(16) + i));
        }
        List<Map<String, Object>> tools = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            Map<String, Object> city = Map.of("type", "string", "description", "The city. " + i);
            tools.add(Map.of("type", "function", "function", Map.of("name", "weather" + i, "description", WORDS,
                    "parameters", Map.of("type", "object", "properties", Map.of("city", city),
                            "required", List.of("city")))));
        }
        return template.render(messages, RenderOptions.PROMPT.withTools(tools).withToken("bos_token", "<BOS>")
                .withToken("eos_token", "<EOS>"));
    }

    @Test
    void longConversationsAreWithinTheDefaultLimits() throws Exception {
        List<Path> files;
        try (Stream<Path> all = Files.list(folder())) {
            files = all.filter(file -> file.toString().endsWith(".jinja")).sorted().toList();
        }
        for (Path file : files) {
            String text = render(ChatTemplate.parse(file.toString(), Files.readString(file)));
            assertTrue(text.length() > 990_000, file + ": " + text.length());
        }
    }
}
