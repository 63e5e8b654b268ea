package glia.cli.command;

import glia.engine.LanguageModel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// A web page, in one file, of what was found inside of a model: its parts are in `lens.html`, which shows those that
/// have data.
final class LensPage {
    private final Map<String, Object> data = new LinkedHashMap<>();

    /// @param model its name
    /// @param title of the page
    LensPage(String model, String title) {
        data.put("model", model);
        data.put("title", title);
    }

    /// Adds a part: `lens`, `patch`, `probe`, `features` or `steer`.
    LensPage add(String part, Object content) {
        data.put(part, content);
        return this;
    }

    /// The texts of tokens.
    static List<String> texts(LanguageModel model, int... ids) {
        return Arrays.stream(ids).mapToObj(id -> model.tokenizer().decode(new int[] {id}, false)).toList();
    }

    /// A number as pages need it; null, which pages leave out, where it is not finite.
    static Double number(double x) {
        return Double.isFinite(x) ? Math.round(x * 1e5) / 1e5 : null;
    }

    /// Writes the page.
    void write(Path file) throws IOException {
        write(file, "lens.html", data);
    }

    /// Writes a page in one file.
    ///
    /// @param template a resource with `/*DATA*/` where the data stand, and perhaps `/*STYLE*/`
    static void write(Path file, String template, Object data) throws IOException {
        try (InputStream in = LensPage.class.getResourceAsStream(template)) {
            String page = new String(in.readAllBytes(), StandardCharsets.UTF_8).replace("/*STYLE*/", ChartPage.STYLE);
            // A script element may not contain its end tag.
            TextFiles.write(file, page.replace("/*DATA*/",
                    JsonMapper.shared().writeValueAsString(data).replace("<", "\\u003c")));
        }
    }
}
