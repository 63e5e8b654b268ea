package glia.jmh;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/// Results as Markdown and as JSON.
final class Table {
    private final List<Measurement> figures = new ArrayList<>();

    static String header() {
        return """
                | benchmark | what | kernels | threads | rate | slowest, fastest | limit here | share | of F32 product |
                |---|---|---|--:|--:|--:|--:|--:|--:|""";
    }

    /// Adds a result.
    ///
    /// @return its line
    String add(Measurement figure) {
        figures.add(figure);
        return String.format(Locale.ROOT, "| %s | %s | %s | %d | %s | %s | %s | %s | %s |", figure.benchmark(),
                figure.description(), figure.isLimit() ? "" : figure.kernels(), figure.threads(),
                figure.inUnit(figure.rate()), range(figure),
                figure.isLimit() ? "" : figure.limits(),
                figure.isLimit() ? "" : percent(figure.shareOfLimit()),
                figure.shareOfProduct().isPresent() ? percent(figure.shareOfProduct().getAsDouble()) : "");
    }

    private static String range(Measurement figure) {
        String min = figure.inUnit(figure.min());
        return min.substring(0, min.indexOf(' ')) + ", " + figure.inUnit(figure.max()).split(" ")[0];
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.0f %%", 100 * share);
    }

    /// All results so far; rates in bytes or F32 operations a second.
    Map<String, Object> document() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("machine", Machine.describe());
        document.put("figures", figures.stream().map(this::document).toList());
        return document;
    }

    private Map<String, Object> document(Measurement figure) {
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("benchmark", figure.benchmark());
        one.put("parameters", figure.what());
        one.put("kernels", figure.kernels());
        one.put("threads", figure.threads());
        one.put("unit", figure.countsBytes() ? "bytes/s" : "flop/s");
        one.put("rate", figure.rate());
        one.put("min", figure.min());
        one.put("max", figure.max());
        one.put("limit", figure.limit());
        one.put("peak_flops", figure.peak());
        one.put("share_of_limit", figure.shareOfLimit());
        figure.shareOfProduct().ifPresent(share -> one.put("share_of_f32_product", share));
        return one;
    }

    /// A one-line description of the machine.
    static final class Machine {
        private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

        private Machine() { }

        static String describe() {
            return processor() + ", " + Runtime.getRuntime().availableProcessors() + " processors, "
                    + System.getProperty("os.name") + " " + System.getProperty("os.version") + ", "
                    + System.getProperty("java.vendor.version", "Java") + " " + Runtime.version();
        }

        /// The processor's name if the system provides it, otherwise its architecture.
        private static String processor() {
            String architecture = System.getProperty("os.arch");
            if (!Files.isReadable(CPU_INFO)) {
                return architecture;
            }
            try (Stream<String> lines = Files.lines(CPU_INFO, StandardCharsets.ISO_8859_1)) {
                return lines.filter(line -> line.startsWith("model name")).findFirst()
                        .map(line -> line.substring(line.indexOf(':') + 1).strip()).orElse(architecture);
            } catch (IOException e) {
                return architecture;
            }
        }
    }
}
