package glia.cli.terminal;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.lang.reflect.Constructor;

/// The program's own way to standard error.
///
/// The JVM greets with a warning about its incubator module on descriptor 2, and no switch stops it. So the launcher
/// puts a filter there and hands the true standard error over under another number. A descriptor that is already open
/// can only be had by reflection (the launcher opens `java.io` for it). Opening `/dev/fd/3` would be another way, but
/// gives a file a second offset: what is written then overwrites what the caller wrote, or is overwritten.
final class StandardError {
    /// The property by which the launcher names the descriptor; without it, it is 2.
    static final String DESCRIPTOR_PROPERTY = "glia.stderr";

    private StandardError() {}

    /// The stream without buffer or encoding.
    static FileOutputStream open() {
        Integer number = Integer.getInteger(DESCRIPTOR_PROPERTY);
        return new FileOutputStream(number == null ? FileDescriptor.err : descriptor(number));
    }

    private static FileDescriptor descriptor(int number) {
        try {
            Constructor<FileDescriptor> constructor = FileDescriptor.class.getDeclaredConstructor(int.class);
            constructor.setAccessible(true);
            return constructor.newInstance(number);
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw new IllegalStateException("the launcher's --add-opens=java.base/java.io is missing", e);
        }
    }
}
