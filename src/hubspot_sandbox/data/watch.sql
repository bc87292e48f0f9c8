-- Notes what happens to records and links, in a table of this connection alone: a change that is undone leaves no note.
CREATE TEMP TABLE noted (
  serial INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  type TEXT,
  id INTEGER NOT NULL,
  before TEXT,
  after TEXT,
  to_type TEXT,
  to_id INTEGER,
  category TEXT,
  type_id INTEGER
);
CREATE TEMP TRIGGER note_creation AFTER INSERT ON record BEGIN
  INSERT INTO noted (kind, type, id) VALUES ('creation', NEW.type, NEW.id);
END;
CREATE TEMP TRIGGER note_change AFTER UPDATE OF properties ON record WHEN OLD.properties <> NEW.properties BEGIN
  INSERT INTO noted (kind, type, id, before, after)
  VALUES ('propertyChange', NEW.type, NEW.id, OLD.properties, NEW.properties);
END;
CREATE TEMP TRIGGER note_deletion AFTER UPDATE OF archived ON record WHEN NEW.archived AND NOT OLD.archived BEGIN
  INSERT INTO noted (kind, type, id) VALUES ('deletion', NEW.type, NEW.id);
END;
CREATE TEMP TRIGGER note_erasure AFTER DELETE ON record BEGIN
  INSERT INTO noted (kind, type, id) VALUES ('privacyDeletion', OLD.type, OLD.id);
END;
CREATE TEMP TRIGGER note_merge AFTER INSERT ON merged BEGIN
  INSERT INTO noted (kind, type, id, to_id)
  VALUES ('merge', (SELECT type FROM record WHERE id = NEW.new_id), NEW.new_id, NEW.old_id);
END;
CREATE TEMP TRIGGER note_link AFTER INSERT ON association BEGIN
  INSERT INTO noted (kind, type, id, after, to_type, to_id, category, type_id)
  VALUES ('associationChange', (SELECT type FROM record WHERE id = NEW.from_id), NEW.from_id, 'linked', NEW.to_type,
          NEW.to_id, NEW.category, NEW.type_id);
END;
CREATE TEMP TRIGGER note_unlink AFTER DELETE ON association BEGIN
  INSERT INTO noted (kind, type, id, to_type, to_id, category, type_id)
  VALUES ('associationChange', (SELECT type FROM record WHERE id = OLD.from_id), OLD.from_id, OLD.to_type, OLD.to_id,
          OLD.category, OLD.type_id);
END;
