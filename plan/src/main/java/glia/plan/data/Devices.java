package glia.plan.data;

import glia.io.Suggestions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Devices by name, without regard to case.
public final class Devices {
    private static final String TABLE = "hardware.csv";
    private static final String[] COLUMNS = {"device", "kind", "bandwidth_gb_s"};

    private final Map<String, Device> byName = new LinkedHashMap<>();

    private Devices(List<Row> rows) {
        add(rows);
    }

    /// The devices that Glia knows.
    public static Devices known() {
        return new Devices(Tables.resource(Tables.class, TABLE, COLUMNS));
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

    /// The device of this name, or the only one, or else the first, whose name begins so.
    public Optional<Device> find(String name) {
        String sought = key(name);
        Device exact = byName.get(sought);
        return exact != null ? Optional.of(exact) : byName.entrySet().stream()
                .filter(e -> !sought.isEmpty() && e.getKey().startsWith(sought)).map(Map.Entry::getValue).findFirst();
    }

    /// The device of this name.
    ///
    /// @throws IllegalArgumentException if there is none
    public Device get(String name) {
        return find(name).orElseThrow(() -> new IllegalArgumentException("no device '" + name + "' is known."
                + Suggestions.sentence(name, all().stream().map(Device::name).toList())));
    }

    /// All devices.
    public Collection<Device> all() {
        return new ArrayList<>(new LinkedHashSet<>(byName.values()));
    }
}
