package glia.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The templates of public models, which are not ours to keep beside the tests, against what Jinja2 rendered.
class RealTemplatesTest {
    @Test
    void everyCaseIsRenderedAsTheReferenceDoes() {
        String shared = System.getenv("GLIA_SHARED");
        assumeTrue(shared != null, "GLIA_SHARED names no folder with templates/");
        Path folder = Path.of(shared, "templates");
        assumeTrue(Files.isDirectory(folder), "no folder " + folder);
        Clock clock = Clock.fixed(Instant.parse("2026-11-25T12:00:00Z"), ZoneOffset.UTC);
        List<TemplateCheck.Result> results = TemplateCheck.run(folder, clock);
        assertEquals(List.of(), results.stream().filter(result -> !result.passed()).toList());
    }
}
