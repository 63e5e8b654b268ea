package glia.cli.command;

import glia.lab.attention.AttentionMaps;
import glia.lab.attention.GradientSaliency;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// A web page, in one file, that shows what a model looks at in a text.
final class AttentionPage {
    /// Probabilities are written as 16-bit shares of 1.
    private static final int STEPS = 65_535;

    private final Map<String, Object> data = new LinkedHashMap<>();
    private final List<Map<String, Object>> layers = new ArrayList<>();

    AttentionPage(String model, List<String> tokens) {
        data.put("model", model);
        data.put("tokens", tokens);
        data.put("layers", layers);
    }

    /// Adds a layer's map, of some of its heads.
    void add(AttentionMaps.Map map, List<Integer> heads) {
        int tokens = map.weights()[0].length;
        boolean ahead = looksAhead(map);
        ByteBuffer bytes = ByteBuffer.allocate(2 * heads.size() * (ahead ? tokens * tokens : tokens * (tokens + 1) / 2))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int head : heads) {
            for (int n = 0; n < tokens; n++) {
                for (int p = 0; p < (ahead ? tokens : n + 1); p++) {
                    bytes.putShort((short) Math.round(STEPS * map.weights()[head][n][p]));
                }
            }
        }
        Map<String, Object> layer = new LinkedHashMap<>();
        layer.put("layer", map.layer());
        layer.put("mixer", map.mixer());
        layer.put("heads", heads);
        layer.put("ahead", ahead);
        layer.put("weights", Base64.getEncoder().encodeToString(bytes.array()));
        layers.add(layer);
    }

    private static boolean looksAhead(AttentionMaps.Map map) {
        for (float[][] head : map.weights()) {
            for (int n = 0; n < head.length; n++) {
                for (int p = n + 1; p < head.length; p++) {
                    if (head[n][p] > 0) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /// @param best the texts of the tokens with the best logits
    void add(GradientSaliency influence, List<String> best) {
        List<List<Double>> rows = new ArrayList<>();
        for (double[] row : influence.norms()) {
            List<Double> numbers = new ArrayList<>();
            for (double x : row) {
                numbers.add((double) (float) x);
            }
            rows.add(numbers);
        }
        data.put("influence", rows);
        data.put("best", best);
    }

    /// The page.
    String html() throws IOException {
        try (InputStream in = AttentionPage.class.getResourceAsStream("attention.html")) {
            String page = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            // Inside of a script element nothing may look like its end.
            return page.replace("/*DATA*/", JsonMapper.shared().writeValueAsString(data).replace("<", "\\u003c"));
        }
    }
}
