package glia.plan.data;

import glia.io.Suggestions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Devices by name, without regard to case.
public final class Devices {
    private static final Pattern MEMORY = Pattern.compile("(.+?) (\\d+) ?GB");
    private static final String TABLE = "hardware.csv";
    /// The word of a device with its number, by which it differs from others of its series.
    private static final Pattern NUMBER = Pattern.compile("(?=.*\\d)[a-z0-9]{2,}");
    private static final String[] COLUMNS = {"device", "kind", "bandwidth_gb_s"};

    private final Map<String, Device> byName = new LinkedHashMap<>();

    private Devices(List<Row> rows) {
        add(rows);
    }

    /// The devices that Glia knows.
    public static Devices known() {
        return new Devices(Tables.resource(Tables.class, TABLE, COLUMNS));
    }

    /// These devices alone.
    public static Devices of(List<Device> all) {
        Devices devices = new Devices(List.of());
        all.forEach(device -> devices.byName.put(key(device.name()), device));
        return devices;
    }

    /// The known devices and those of `hardware.csv` in a folder, if it is there; its figures come first.
    public static Devices with(Path folder) throws IOException {
        Devices devices = known();
        if (Files.exists(folder.resolve(TABLE))) {
            devices.add(Tables.read(folder.resolve(TABLE), COLUMNS));
        }
        return devices;
    }

    private void add(List<Row> rows) {
        for (Row row : rows) {
            Device device = Device.of(row);
            byName.put(key(device.name()), device);
            row.words("aliases").ifPresent(alias -> byName.put(key(alias), device));
        }
    }

    private static String key(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
    }

    /// The device of this name, or else the first whose name begins so, or else that which shares most words with the
    /// name, among them its number, such as `A100` in `NVIDIA A100-SXM4-80GB`.
    public Optional<Device> find(String name) {
        String sought = key(name);
        Device exact = byName.get(sought);
        if (exact != null) {
            return Optional.of(exact);
        }
        return byName.entrySet().stream().filter(e -> !sought.isEmpty() && e.getKey().startsWith(sought))
                .map(Map.Entry::getValue).findFirst().or(() -> variant(sought)).or(() -> like(words(name)));
    }

    /// The device of the longest name with which the sought one begins, such as `RTX 4090` of `RTX 4090D`.
    private Optional<Device> variant(String sought) {
        return byName.entrySet().stream().filter(e -> sought.matches(Pattern.quote(e.getKey()) + "(?!\\d).*"))
                .max(Comparator.comparingInt(e -> e.getKey().length())).map(Map.Entry::getValue);
    }

    private Optional<Device> like(Set<String> sought) {
        return all().stream().filter(device -> words(device.name()).stream().filter(NUMBER.asMatchPredicate())
                .findFirst().filter(sought::contains).isPresent() && isApple(device) == sought.contains("apple"))
                .max(Comparator.comparingDouble(device -> alike(words(device.name()), sought)));
    }

    /// A chip is named `M2` by Apple alone, but an M4000 is none of its own.
    private static boolean isApple(Device device) {
        return device.name().startsWith("Apple");
    }

    /// Words in common as a part of all words.
    private static double alike(Set<String> words, Set<String> sought) {
        long both = words.stream().filter(sought::contains).count();
        return (double) both / (words.size() + sought.size() - both);
    }

    private static Set<String> words(String name) {
        Set<String> words = new LinkedHashSet<>();
        for (String word : name.toLowerCase(Locale.ROOT).replaceAll("(\\d) gb", "$1gb").split("[^a-z0-9]+")) {
            String plain = word.replaceAll("sxm\\d", "sxm").replaceAll("^(\\d+)(core|cores|c)$", "$1");
            if (plain.matches("m[1-9]")) {
                words.add("apple");
            }
            words.add(plain);
        }
        return words;
    }

    /// The device of this name. One that is sold with several sizes of memory is named with its own, such as
    /// `Apple M4 Max (40) 64GB`.
    ///
    /// @throws IllegalArgumentException if there is none
    public Device get(String name) {
        Matcher memory = MEMORY.matcher(name);
        if (memory.matches()) {
            Optional<Device> device = find(memory.group(1)).filter(d -> d.memory().isEmpty());
            if (device.isPresent()) {
                return device.get().with(name, Double.parseDouble(memory.group(2)) * 1e9);
            }
        }
        return find(name).orElseThrow(() -> new IllegalArgumentException("no device '" + name + "' is known."
                + Suggestions.sentence(name, all().stream().map(Device::name).toList())));
    }

    /// The device of a row.
    ///
    /// @throws IllegalArgumentException if there is none; the message says how to describe one
    public Device get(Row row, String name) {
        return find(name).orElseThrow(() -> row.error("hardware", "no device '" + name + "' is known; describe it in a "
                + "hardware.csv in the same folder: device, kind (gpu, cpu), memory_gb, bandwidth_gb_s, bf16_tflops"));
    }

    /// All devices.
    public Collection<Device> all() {
        return new ArrayList<>(new LinkedHashSet<>(byName.values()));
    }
}
