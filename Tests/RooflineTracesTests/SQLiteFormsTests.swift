import Foundation
import RooflineTraces
import TestSupport
import XCTest

/// SQLite files in forms that no export of Nsight Systems has today, against Python's sqlite3.
final class SQLiteFormsTests: TraceTestCase {
  /// Each file's kernels as Python reads them: start, length, GPU, name, and whether it finds their launch.
  private static let script = """
    import os, random, shutil, sqlite3, sys
    folder = sys.argv[1]
    random.seed(11)
    KERNEL, NAMES = "CUPTI_ACTIVITY_KIND_KERNEL", "StringIds"
    PLAIN = 'start INTEGER NOT NULL, "end" INTEGER NOT NULL, deviceId INTEGER, correlationId INTEGER, globalPid INTEGER, demangledName INTEGER'
    IDS = "id INTEGER NOT NULL PRIMARY KEY, value TEXT NOT NULL"
    def rows(count=300):
        return [(1000 * i, 1000 * i + random.randrange(900), i % 2, i, 7 << 24, 1 + i % 9) for i in range(count)]
    def opened(name, pragmas=()):
        db = sqlite3.connect(f"{folder}/{name}.sqlite")
        for line in pragmas: db.execute(f"PRAGMA {line}")
        return db
    def filled(db, columns=PLAIN, ids=IDS, count=300, long=60):
        db.execute(f"CREATE TABLE {NAMES} ({ids})")
        db.execute(f"CREATE TABLE {KERNEL} ({columns})")
        db.execute('CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME (start INTEGER, "end" INTEGER, globalTid INTEGER, correlationId INTEGER)')
        db.executemany(f"INSERT INTO {NAMES} (id, value) VALUES (?, ?)", [(i, f"kernel_{i}_" + "x" * (long * i)) for i in range(1, 10)])
        db.executemany(f'INSERT INTO {KERNEL} (start, "end", deviceId, correlationId, globalPid, demangledName) VALUES (?, ?, ?, ?, ?, ?)', rows(count))
        db.executemany("INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (?, ?, ?, ?)", [(5, 6, 7 << 24, i) for i in range(0, count, 3)])
    def done(db, name):
        db.commit()
        # What a viewer of the file sees, deviceId null as the GPU 0.
        query = (f'SELECT k.start, k."end" - k.start, ifnull(k.deviceId, 0), s.value, k.correlationId IN '
                 f'(SELECT correlationId FROM CUPTI_ACTIVITY_KIND_RUNTIME) FROM {KERNEL} k JOIN {NAMES} s ON s.id = k.demangledName ORDER BY 1')
        with open(f"{folder}/{name}.tsv", "w") as file:
            for row in db.execute(query): file.write("\\t".join(map(str, row)) + "\\n")
    def write(name, pragmas=(), then=(), **how):
        db = opened(name, pragmas)
        filled(db, **how)
        for line in then: db.execute(line)
        done(db, name)
        db.close()
    for size in (512, 1024, 2048, 4096, 8192, 16384, 32768, 65536):
        write(f"page{size}", [f"page_size = {size}"], long=size // 30)
    write("vacuum", ["page_size = 512", "auto_vacuum = FULL"], [f"DELETE FROM {KERNEL} WHERE deviceId = 1"], count=2000)
    write("incremental", ["page_size = 1024", "auto_vacuum = INCREMENTAL"], [f"DELETE FROM {KERNEL} WHERE start % 7000 = 0"], count=2000)
    write("log", ["journal_mode = WAL"])
    write("long", ["page_size = 512"], long=20000)
    write("cased", then=[f"ALTER TABLE {KERNEL} RENAME TO other", f"ALTER TABLE other RENAME TO {KERNEL.lower()}", f'ALTER TABLE {KERNEL} RENAME COLUMN "end" TO "End"'])
    write("tablekey", ids="id INTEGER, value TEXT, PRIMARY KEY (id)")
    write("namedkey", ids='value TEXT, "id" INTEGER, CONSTRAINT "a, (b" PRIMARY KEY ([id] DESC)')
    write("intkey", ids="id INT PRIMARY KEY, value TEXT")
    write("downkey", ids="id INTEGER PRIMARY KEY DESC, value TEXT")
    write("textkey", ids="value TEXT PRIMARY KEY, id INTEGER UNIQUE")
    write("quoted", columns='"a, (b" TEXT DEFAULT \\'-- ) \\'\\' ,\\', `c d` REAL CHECK (`c d` > 0), [e,f] BLOB, ' + PLAIN + ", CHECK (start >= 0)")
    write("commented", columns="/* start, (end */ junk TEXT, -- it's a quote\\n" + PLAIN)
    write("computed", columns="twice INTEGER GENERATED ALWAYS AS (start * 2) VIRTUAL, thrice INTEGER AS (start * 3) STORED, " + PLAIN)
    OLD = 'start INTEGER NOT NULL, "end" INTEGER NOT NULL, correlationId INTEGER, globalPid INTEGER, demangledName INTEGER'
    for name, added in (("added", "deviceId INTEGER DEFAULT 3"), ("addedminus", "deviceId INTEGER DEFAULT -2"), ("addednull", "deviceId INTEGER")):
        db = opened(name)
        db.execute(f"CREATE TABLE {KERNEL} ({OLD})")
        db.executemany(f"INSERT INTO {KERNEL} VALUES (?, ?, ?, ?, ?)", [(i - 1000, i, i, 7 << 24, 1) for i in range(50)])
        db.execute(f"ALTER TABLE {KERNEL} ADD COLUMN {added}")
        db.execute(f"CREATE TABLE kept AS SELECT * FROM {KERNEL}")
        db.execute(f"ALTER TABLE {KERNEL} RENAME TO before")
        filled(db)
        db.execute(f"DROP TABLE {KERNEL}")
        db.execute(f"ALTER TABLE before RENAME TO {KERNEL}")
        db.executemany(f'INSERT INTO {KERNEL} (start, "end", deviceId, correlationId, globalPid, demangledName) VALUES (?, ?, ?, ?, ?, ?)', rows(20))
        done(db, name)
        db.close()
    db = opened("renamed")
    filled(db)
    db.execute(f"ALTER TABLE {KERNEL} RENAME COLUMN deviceId TO gpu")
    db.execute(f"ALTER TABLE {KERNEL} RENAME COLUMN gpu TO deviceId")
    db.execute(f"ALTER TABLE {KERNEL} ADD COLUMN more TEXT")
    db.execute(f"ALTER TABLE {KERNEL} DROP COLUMN more")
    done(db, "renamed")
    db.close()

    # What is refused.
    write("numberless", ids="id INTEGER PRIMARY KEY, value TEXT) WITHOUT ROWID --")
    write("wide", ["encoding = 'UTF-16le'"])
    write("wider", ["encoding = 'UTF-16be'"])
    write("real", columns=PLAIN.replace("start INTEGER", "start REAL"), then=[f"UPDATE {KERNEL} SET start = start + 0.5"])
    write("text", columns=PLAIN.replace("start INTEGER", "start TEXT"))
    db = opened("behind", ["journal_mode = WAL"])
    filled(db)
    db.commit()
    for suffix in ("", "-wal"): shutil.copy(f"{folder}/behind.sqlite{suffix}", f"{folder}/open.sqlite{suffix}")
    db.close()
    db = opened("startless")
    filled(db)
    db.execute(f"ALTER TABLE {KERNEL} RENAME COLUMN start TO begin")
    db.commit()
    """

  func testEveryFormHasTheKernelsThatPythonReads() throws {
    try python(Self.script)
    let sizes = [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536].map { "page\($0)" }
    for name in sizes + [
      "vacuum", "incremental", "log", "long", "cased", "tablekey", "namedkey", "intkey", "downkey", "textkey", "quoted",
      "commented", "computed", "added", "addedminus", "addednull", "renamed",
    ] {
      let trace = try TraceFile.read("\(folder.path)/\(name).sqlite")
      let expected = try String(contentsOfFile: "\(folder.path)/\(name).tsv", encoding: .utf8).split(separator: "\n")
      XCTAssertGreaterThan(expected.count, 20, name)
      let found = trace.kernels.sorted { $0.start < $1.start }.map { kernel in
        let (start, length) = (Int((kernel.start * 1e9).rounded()), Int((kernel.seconds * 1e9).rounded()))
        return "\(start)\t\(length)\t\(kernel.device)\t\(trace.name(of: kernel))\t\(kernel.launched.isNaN ? 0 : 1)"
      }
      XCTAssertEqual(found, expected.map(String.init), name)
    }
  }

  func testWhatIsNotReadIsOneSentence() throws {
    try python(Self.script)
    for (name, part) in [
      ("numberless", "its table StringIds is one WITHOUT ROWID"), ("wide", "UTF-16"), ("wider", "UTF-16"),
      ("real", "no whole number of nanoseconds"), ("text", "no whole number of nanoseconds"),
      ("open", "the -wal file beside it"), ("startless", "no column start"),
    ] {
      let found = problem("\(folder.path)/\(name).sqlite")
      XCTAssertTrue(found.contains(part), "\(name): \(found)")
    }
  }
  /// A journal that was left behind belongs to the file; one that was emptied does not.
  func testAJournalBesideTheFileIsNoticed() throws {
    try python(Self.script)
    let journal = "page512.sqlite-journal"
    _ = try file(journal, [UInt8](repeating: 0, count: 512))
    XCTAssertEqual(try TraceFile.read("\(folder.path)/page512.sqlite").kernels.count, 300)
    _ = try file(journal, [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7] + [UInt8](repeating: 0, count: 504))
    XCTAssertTrue(problem("\(folder.path)/page512.sqlite").contains("the -journal file beside it"))
  }
}
