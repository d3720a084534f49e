package dev.penstock.admin;

import dev.penstock.control.Fault;
import dev.penstock.inference.VersionId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What an upload holds.
 *
 * @param model the file
 * @param version 0 for the next
 */
record UploadForm(Path model, long version, String note, Map<String, String> labels) {
    private static final Set<String> FIELDS = Set.of("version", "note", "labels");
    private static final String FILE = "model";

    /**
     * Reads the parts.
     *
     * @throws AdminException with all that is wrong with them
     */
    static UploadForm read(UploadSource.Received received) {
        List<Fault> faults = new ArrayList<>();
        Map<String, String> fields = received.fields();
        for (String name : fields.keySet()) {
            if (name.equals(FILE)) {
                faults.add(new Fault("/model", "must be a file: give the part a filename"));
            } else if (!FIELDS.contains(name)) {
                faults.add(unknown(name));
            }
        }
        for (String name : received.files().keySet()) {
            if (!name.equals(FILE)) {
                faults.add(unknown(name));
            }
        }
        Path model = received.files().get(FILE);
        if (model == null && !fields.containsKey(FILE)) {
            faults.add(new Fault("/model", "is missing, must be a file"));
        }
        String number = fields.get("version");
        long version = number == null ? 0 : VersionId.parseNumber(number);
        if (number != null && version == 0) {
            faults.add(new Fault("/version", "must be a version's number, like 2"));
        }
        String note = fields.getOrDefault("note", "");
        VersionAdmin.checkNote(note, "/note", faults);
        Map<String, String> labels = Labels.read(fields.get("labels"), faults);
        VersionAdmin.checkLabels(labels, "/labels", faults);
        if (model == null || !faults.isEmpty()) {
            throw AdminException.invalid(faults);
        }
        return new UploadForm(model, version, note, labels);
    }

    private static Fault unknown(String name) {
        return new Fault("/" + Names.printable(name), "is no part of this form");
    }
}
