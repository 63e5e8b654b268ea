package glia.cli.command;

import glia.io.picture.Picture;
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

/// A web page, in one file, with the attention maps and the gradient saliency of a text.
final class AttentionPage {
    /// Attention weights are written as 16-bit fractions of 1.
    private static final int STEPS = 65_535;
    /// The most bytes of all maps; the page holds them in base64, which takes a third more.
    private static final long MAX_MAP_BYTES = 24L << 20;

    private final Map<String, Object> data = new LinkedHashMap<>();
    private final List<Map<String, Object>> layers = new ArrayList<>();
    private final List<Map<String, Object>> pictures = new ArrayList<>();

    AttentionPage(String model, List<String> tokens) {
        data.put("model", model);
        data.put("tokens", tokens);
        data.put("layers", layers);
        data.put("pictures", pictures);
    }

    /// Whether that many maps fit the page.
    static boolean fits(long numMaps, int numTokens) {
        return numMaps * numTokens * (numTokens + 1L) <= MAX_MAP_BYTES;
    }

    /// Adds the maps of some heads of a layer.
    void add(AttentionMaps.Map map, List<Integer> heads) {
        add(map, heads, heads.stream().map(head -> map.weights()[head]).toList());
    }

    /// Adds the mean of the maps of all heads of a layer.
    void addMean(AttentionMaps.Map map) {
        int tokens = map.weights()[0].length;
        float[][] mean = new float[tokens][tokens];
        for (float[][] head : map.weights()) {
            for (int n = 0; n < tokens; n++) {
                for (int p = 0; p < tokens; p++) {
                    mean[n][p] += head[n][p] / map.weights().length;
                }
            }
        }
        add(map, List.of("mean of " + map.weights().length + " heads"), List.<float[][]>of(mean));
    }

    /// @param heads their numbers or names
    private void add(AttentionMaps.Map map, List<?> heads, List<float[][]> weights) {
        int tokens = map.weights()[0].length;
        boolean ahead = looksAhead(map);
        ByteBuffer bytes = ByteBuffer.allocate(2 * heads.size() * (ahead ? tokens * tokens : tokens * (tokens + 1) / 2))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (float[][] head : weights) {
            for (int n = 0; n < tokens; n++) {
                for (int p = 0; p < (ahead ? tokens : n + 1); p++) {
                    bytes.putShort((short) Math.round(STEPS * head[n][p]));
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

    /// Adds a picture, over which the page draws what its patches' tokens get.
    ///
    /// @param start the first token of its grid of `rows` × `columns`
    void add(Picture picture, int start, int rows, int columns) {
        pictures.add(Map.of("url", picture.dataUrl(), "width", picture.width(), "height", picture.height(), "start",
                start, "rows", rows, "columns", columns, "name", picture.name()));
    }

    /// Adds the gradient saliency.
    ///
    /// @param best the texts of the tokens with the best logits
    void add(GradientSaliency saliency, List<String> best) {
        List<List<Double>> rows = new ArrayList<>();
        for (double[] row : saliency.norms()) {
            List<Double> numbers = new ArrayList<>();
            for (double x : row) {
                numbers.add((double) (float) x);
            }
            rows.add(numbers);
        }
        data.put("saliency", rows);
        data.put("saliencyFrom", saliency.first());
        data.put("best", best);
    }

    /// The page.
    String html() throws IOException {
        try (InputStream in = AttentionPage.class.getResourceAsStream("attention.html")) {
            String page = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            // A script element may not contain its end tag.
            return page.replace("/*DATA*/", JsonMapper.shared().writeValueAsString(data).replace("<", "\\u003c"));
        }
    }
}
